# make firmware   build the WeatherStation's bundle and card image      TARGET=rpi4|rpi3|virt
# make emulate    boot it in QEMU and print its readings                TARGET=…
# make test       all tests, system tests in QEMU included
# make soak       300 power cuts while devices update themselves, 400 faults while one delivers its readings
# make test-tsan  the tests of supervision under Thread Sanitizer
# make fuzz       what reads bundles and the boot state against a fuzzer   RUNS=1000000
# make bench      the figures of Benchmarks/README.md, into build/bench.json; COLD=1 adds a build without any cache,
#                 FIGURES="restart.1.p50 ..." measures only these and writes no file
SHELL := bash
TARGET ?= rpi4
PREFIX ?= /usr/local
APP := Firmware/WeatherStation
RECORDER := Tests/Firmware/Recorder
BUSSTATION := Tests/Firmware/BusStation
FWTOOL := .build/release/fwtool
KEY := build/keys/development
BOARDS := rpi3 rpi4 virt

.PHONY: help firmware emulate test test-images soak test-tsan fuzz unit lint bench install dependencies fwtool sdk clean FORCE
.DELETE_ON_ERROR:
# Bundles are results, not by-products of images that make may remove.
.SECONDARY:

help:
	@sed -n 's/^# \?//p' Makefile | head -8

firmware: build/WeatherStation-$(TARGET).img
	@ls -l build/WeatherStation-$(TARGET).apus build/WeatherStation-$(TARGET).img

emulate: build/WeatherStation-$(TARGET).img
	$(FWTOOL) emulate build/WeatherStation-$(TARGET).img --target $(TARGET) $(ARGUMENTS)

# The bundle is always asked for: fwtool knows what is up to date, make does not.
build/WeatherStation-%.apus: fwtool sdk $(KEY).key FORCE
	$(FWTOOL) build --target $* --package-path $(APP) --output build --key $(KEY).key

# The app of the tests of delivery.
build/Recorder-%.apus: fwtool sdk $(KEY).key FORCE
	$(FWTOOL) build --target $* --package-path $(RECORDER) --output build --key $(KEY).key

# The app of the tests of buses. Its cards have what takes pins from the GPIO, too.
build/BusStation-%.apus: fwtool sdk $(KEY).key FORCE
	$(FWTOOL) build --target $* --package-path $(BUSSTATION) --output build --key $(KEY).key

build/BusStation-%.img: build/BusStation-%.apus
	$(FWTOOL) image $< --key $(KEY).pub --with spi0 --with uart0 --with w1 --with pwm --output $@

build/%.img: build/%.apus
	$(FWTOOL) image $< --key $(KEY).pub --output $@

$(KEY).key: | fwtool
	mkdir -p $(@D)
	$(FWTOOL) keys new $(notdir $(KEY)) --directory $(@D)

dependencies:
	Tools/install-dependencies

fwtool: dependencies
	swift build -c release --product fwtool

sdk: fwtool
	$(FWTOOL) sdk install

unit: dependencies
	Tools/run-tests --skip SystemTests

# The version that devices are updated to.
build/next/WeatherStation-%.apus: fwtool sdk $(KEY).key FORCE
	mkdir -p $(@D)
	$(FWTOOL) build --target $* --package-path $(APP) --version 0.2.0 --output $(@D) --key $(KEY).key

test-images: $(foreach board,$(BOARDS),build/WeatherStation-$(board).img) $(foreach board,rpi3 virt,build/next/WeatherStation-$(board).apus) \
		build/Recorder-virt.img build/BusStation-rpi3.img
	Tools/install-dependencies Tests/host-packages

test: dependencies lint test-images
	Tools/run-tests --skip SystemTests
	Tools/run-tests --filter SystemTests

soak: dependencies test-images
	APUS_CUTS=300 Tools/run-tests --filter PowerCutTests
	APUS_FAULTS=400 Tools/run-tests --filter 'SystemTests.*faultsAtRandom'

# These figures need no card images.
IMAGELESS := restart.% child.% fanin.% periodic.% startstop.% cell.% wire.% mqtt.% latency.% outbox.% flash.% backlog.%
# These are of lines and buses: a program for the boards, and Debian's gpiomon beside it.
ON_BOARDS := i2c.% gpio.% edge.% sensors.%
BENCHED := $(if $(FIGURES),$(filter-out $(IMAGELESS) $(ON_BOARDS),$(FIGURES)),all)
BOARDED := $(if $(FIGURES),$(filter $(ON_BOARDS),$(FIGURES)),all)

# Without cells: the sanitizer's own memory is above the limits they are given, and their backtraces are of other code.
test-tsan: dependencies
	APUS_SCENARIOS=$${APUS_SCENARIOS:-1000} swift test --sanitize=thread --build-path .build-tsan \
		--filter 'SupervisionTests|ThreadsTests' --skip 'CellTests|CellProtocolTests'

fuzz: dependencies
	Tools/fuzz BundleFuzz $(or $(RUNS),1000000)
	Tools/fuzz BootStateFuzz $(or $(RUNS),1000000)

# Linked as for a device: without two libraries that only the compiler's habits bring in (Sources/fwtool/SDKBundle.swift).
LEAN := $(foreach library,swift_StringProcessing swift_RegexParser, \
	-Xswiftc -Xfrontend -Xswiftc -disable-autolink-library -Xswiftc -Xfrontend -Xswiftc $(library))

# The one for this compiler.
COMPOSED_SDK = $$($(FWTOOL) sdk list --json | jq -r --arg compiler "$$(swift --version 2>&1 | grep -o 'Swift version [^)]*)')" \
	'map(select(.compiler == $$compiler)) | last.name')

bench: $(if $(BENCHED),build/WeatherStation-rpi4.img build/WeatherStation-rpi3.img) \
		$(if $(BOARDED),build/WeatherStation-rpi3.img build/WeatherStation-virt.img)
	Tools/install-dependencies Benchmarks/host-packages
	swift build -c release --product apus --scratch-path .build-lean $(LEAN)
	swift build -c release --product publishing-bench
	swift build -c release --package-path Benchmarks
	$(if $(BOARDED),swift build --swift-sdk "$(COMPOSED_SDK)" -c release --product hardware-bench --scratch-path .build-boards)
	$(if $(BOARDED),Benchmarks/gpiomon build/bench/gpiomon)
	Benchmarks/.build/release/bench $(if $(COLD),--cold) $(FIGURES)

lint:
	swift format lint --strict --recursive Package.swift Sources Tests $(APP)/Package.swift $(APP)/Sources \
		Benchmarks/Package.swift Benchmarks/Sources

install: fwtool
	install -D -m 755 $(FWTOOL) $(DESTDIR)$(PREFIX)/bin/fwtool
	mkdir -p $(DESTDIR)$(PREFIX)/share/apus/Firmware
	cp -R BoardProfiles $(DESTDIR)$(PREFIX)/share/apus/
	cp -R Firmware/app.ld Firmware/boot.cmd Firmware/host-packages Firmware/initramfs Firmware/rootfs $(DESTDIR)$(PREFIX)/share/apus/Firmware/

clean:
	rm -rf .build .build-boards build $(APP)/.build $(RECORDER)/.build $(BUSSTATION)/.build Benchmarks/.build

FORCE:

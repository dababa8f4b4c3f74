// For a developer's machine only.
#if !APUS_DEVICE
internal import Glibc
internal import Hardware
internal import Sensors
internal import Threads

/// A simulated board at work: its chips and lines, and what of a script has happened to them.
final class SimulatedWorld: Sendable {
    /// A chip as the script sees it.
    private struct Part: Sendable {
        var courses: [SimulatedCourse]
        /// What it measures now.
        var values: [Double]
        let apply: SimulatedModel.Apply
        let hold: @Sendable (SimulatedFault?) -> Void
    }

    /// Pulses that go on.
    private struct Pulses: Sendable {
        /// What the line is at between them.
        let rest: Bool?
        let half: Duration
        /// When the line changes next.
        var next: Duration
        /// How often it will change; two changes are a pulse.
        var left: Int
    }

    private struct State {
        var parts: [Part]
        /// Steps that were taken.
        var taken = 0
        /// What drives lines from outside, but for pulses.
        var levels: [Int: Bool] = [:]
        /// By their lines.
        var pulses: [Int: Pulses] = [:]
    }

    let ports: BoardPorts
    private let gpio: SimulatedGPIO
    private let steps: [SimulationScript.Step]
    private let state: Lock<State>

    /// How often what goes up or down by itself is set anew: smoother than any sensor is sampled by eye.
    private static let interval = Duration.milliseconds(100)

    /// How often a particle sensor speaks (PMS5003 data manual, "active mode"), and a GPS receiver as a rule.
    private static let packetInterval = Duration.seconds(1)

    /// - Throws: what the script asks for and the simulation refuses; a parsed script has nothing such.
    init(_ script: SimulationScript) throws {
        let gpio = SimulatedGPIO(lines: SimulationScript.lineCount)
        var builder = Builder(gpio: gpio)
        var parts: [Part] = []
        for chip in script.chips { parts.append(try builder.part(chip)) }
        for name in script.lights { builder.sysfs.addLED(name) }
        for (number, pwm) in script.pwms.enumerated() {
            builder.sysfs.addPWM("pwmchip\(number)", device: pwm.device, channels: pwm.channels)
        }
        for joint in script.joints { try gpio.join(joint.first, joint.second) }
        for step in script.steps {
            guard case .value(let chip, let quantity, let shape) = step.change else { continue }
            parts[chip].courses[quantity].append(shape, at: step.time)
        }
        self.gpio = gpio
        steps = script.steps
        state = Lock(State(parts: parts))
        ports = builder.ports(LineDirectory(chip: .simulated(gpio), pins: Self.header))
    }

    /// The pins of a Pi's header and the lines at them.
    private static let header = [
        3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25, 23: 11,
        24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
    ]

    /// Brings everything to a moment of the script.
    /// - Returns: when it has to be brought further; nil for never.
    @discardableResult
    func advance(to moment: Duration) -> Duration? {
        state.withLock { state in
            while let next = nextChange(state), next <= moment {
                // A step before a pulse of the same moment, which it may end.
                if state.taken < steps.count, steps[state.taken].time <= next {
                    take(steps[state.taken], &state)
                    state.taken += 1
                } else {
                    pulse(at: next, &state)
                }
            }
            var next = nextChange(state)
            for index in state.parts.indices {
                let courses = state.parts[index].courses
                let values = courses.map { $0.value(at: moment) }
                if values != state.parts[index].values {
                    state.parts[index].values = values
                    state.parts[index].apply(values)
                }
                if courses.contains(where: { $0.isChanging(at: moment) }) {
                    next = min(next ?? .seconds(Int64.max), moment + Self.interval)
                }
            }
            return next
        }
    }

    /// When the next step is due, or a line with pulses changes.
    private func nextChange(_ state: State) -> Duration? {
        let step = state.taken < steps.count ? steps[state.taken].time : nil
        return (state.pulses.values.map(\.next) + [step].compactMap { $0 }).min()
    }

    private func take(_ step: SimulationScript.Step, _ state: inout State) {
        switch step.change {
        case .value: break  // In the course of the quantity.
        case .fault(let chip, let fault): state.parts[chip].hold(fault)
        case .level(let line, let level):
            state.pulses[line] = nil
            state.levels[line] = level
            drive(line, level)
        case .pulses(let line, let count, let half):
            let rest = state.levels[line]
            // Others may be in the middle of one.
            drive(line, rest)
            state.pulses[line] = Pulses(rest: rest, half: half, next: step.time, left: 2 * count)
        }
    }

    /// Changes the lines whose pulses are at a change.
    private func pulse(at moment: Duration, _ state: inout State) {
        for (line, pulses) in state.pulses where pulses.next <= moment {
            let isBegin = pulses.left.isMultiple(of: 2)
            // A contact to ground where nothing else drives the line.
            drive(line, isBegin ? !(pulses.rest ?? true) : pulses.rest)
            state.pulses[line]?.next += pulses.half
            state.pulses[line]?.left -= 1
            if pulses.left == 1 { state.pulses[line] = nil }
        }
    }

    private func drive(_ line: Int, _ level: Bool?) {
        // The script has none but lines of the chip.
        try? gpio.drive(line, high: level)
    }

    /// Lets the script happen, until its last step.
    /// - Parameter origin: the moment of CLOCK_MONOTONIC at which it began, in nanoseconds.
    func play(since origin: Int64) async {
        while let next = advance(to: .nanoseconds(MonotonicClock.now - origin)) {
            let now = Duration.nanoseconds(MonotonicClock.now - origin)
            if next > now { try? await Task.sleep(for: next - now) }
            if Task.isCancelled { return }
        }
    }

    /// Connects chips.
    private struct Builder {
        let gpio: SimulatedGPIO
        /// There on every board: what a simulated board lacks must not be looked for on this machine.
        let sysfs = SimulatedSysfs()
        private var kernelSensors = 0
        private var i2c: [String: SimulatedI2C] = ["i2c-1": SimulatedI2C()]
        private var multiplexers: [String: SimulatedMultiplexer] = [:]
        private var spi: [String: SimulatedSPI] = [:]
        private var serial: [String: SimulatedSerial] = [:]

        init(gpio: SimulatedGPIO) { self.gpio = gpio }

        func ports(_ lines: LineDirectory) -> BoardPorts {
            var ports = BoardPorts(lines: lines)
            for (name, bus) in i2c { ports.i2c[name] = I2CPort(simulated: bus, name: name) }
            for (name, chip) in spi { ports.spi[name] = SPIPort(simulated: chip, name: name) }
            for (name, line) in serial { ports.serial[name] = SerialLine(simulated: line, name: name) }
            ports.sysfs = SysfsPort(simulated: sysfs)
            return ports
        }

        mutating func part(_ chip: SimulationScript.Chip) throws -> Part {
            let (apply, hold) = try connect(chip)
            let initial = chip.model.quantities.map(\.initial)
            apply(initial)
            return Part(
                courses: chip.model.quantities.map { SimulatedCourse(initial: $0.initial, range: $0.range) },
                values: initial, apply: apply, hold: hold)
        }

        private mutating func connect(
            _ chip: SimulationScript.Chip
        ) throws -> (SimulatedModel.Apply, @Sendable (SimulatedFault?) -> Void) {
            switch (chip.model.connection, chip.place) {
            case (.i2c(let make), _):
                let (bus, address) = bus(of: chip.place)
                let (device, apply) = make()
                bus.attach(device, at: address)
                return (apply, { bus.hold($0?.i2c, at: address) })
            case (.memory, _):
                let (bus, address) = bus(of: chip.place)
                try SimulatedAT24C().attach(to: bus, at: address)
                return ({ _ in }, { bus.hold($0?.i2c, at: address) })
            case (.multiplexer, _):
                let (bus, address) = bus(of: chip.place)
                let device = SimulatedMultiplexer()
                multiplexers[chip.id] = device
                bus.attach(device, at: address)
                return ({ _ in }, { bus.hold($0?.i2c, at: address) })
            case (.spi(let make), .spi(let name)):
                let (device, apply) = make()
                let port = SimulatedSPI(device)
                spi[name] = port
                return (apply, { port.hold($0?.spi) })
            case (.serial(let packet), .serial(let name)):
                let line = SimulatedSerial()
                serial[name] = line
                return Self.speak(packet, on: line, every: SimulatedWorld.packetInterval)
            case (.thermometerOnOneWire, .oneWire(let id)):
                return Self.thermometer(id, in: sysfs)
            case (.ranger, .lines(let trigger, let echo)):
                let device = try SimulatedHCSR04(on: gpio, trigger: trigger, echo: echo)
                return ({ device.set(metres: $0[0]) }, { device.set(isThere: $0 == nil) })
            case (.encoder, .lines(let a, let b)):
                let device = try SimulatedRotaryEncoder(on: gpio, a: a, b: b)
                // Four steps are a count of the driver.
                return ({ device.turn(to: Int(($0[0] * 4).rounded(.down))) }, { _ in })
            case (.kernel(let subsystem), .kernel(_, let name, let device)):
                let channels = chip.model.quantities.map(\.name)
                let sensor = SimulatedKernelSensor(
                    subsystem, number: kernelSensors, name: name, device: device, channels: channels)
                kernelSensors += 1
                return Self.kernelSensor(sensor, in: sysfs)
            case (.spi, _), (.serial, _), (.thermometerOnOneWire, _), (.ranger, _), (.encoder, _), (.kernel, _):
                // The parser gives each kind its own place.
                return ({ _ in }, { _ in })
            }
        }

        private mutating func bus(of place: SimulationScript.Place) -> (SimulatedI2C, I2CAddress) {
            switch place {
            case .channel(let multiplexer, let channel, let address):
                return (multiplexers[multiplexer]?.channels[channel] ?? SimulatedI2C(), address)
            case .i2c(let name, let address):
                let bus = i2c[name] ?? SimulatedI2C()
                i2c[name] = bus
                return (bus, address)
            case .spi, .serial, .oneWire, .lines, .kernel: return (SimulatedI2C(), 0x08)
            }
        }

        private static func speak(
            _ packet: @escaping @Sendable ([Double]) -> [UInt8], on line: SimulatedSerial, every interval: Duration
        ) -> (SimulatedModel.Apply, @Sendable (SimulatedFault?) -> Void) {
            let present = Mutable<[Double]>([])
            Task {
                while true {
                    let values = present.value
                    if !values.isEmpty { line.send(packet(values)) }
                    try await Task.sleep(for: interval)
                }
            }
            return ({ present.value = $0 }, { $0 == nil ? line.plug() : line.unplug() })
        }

        private static func kernelSensor(
            _ sensor: SimulatedKernelSensor, in tree: SimulatedSysfs
        ) -> (SimulatedModel.Apply, @Sendable (SimulatedFault?) -> Void) {
            let present = Mutable((values: [Double](), isThere: true))
            return (
                { values in
                    present.value.values = values
                    if present.value.isThere { sensor.set(values, in: tree) }
                },
                { fault in
                    present.value.isThere = fault == nil
                    if fault == nil { sensor.set(present.value.values, in: tree) } else { sensor.remove(from: tree) }
                }
            )
        }

        private static func thermometer(
            _ id: OneWireID, in tree: SimulatedSysfs
        ) -> (SimulatedModel.Apply, @Sendable (SimulatedFault?) -> Void) {
            let present = Mutable((celsius: 0.0, isThere: true))
            return (
                { values in
                    present.value.celsius = values[0]
                    if present.value.isThere { tree.setThermometer(id, celsius: values[0]) }
                },
                { fault in
                    present.value.isThere = fault == nil
                    if fault == nil {
                        tree.setThermometer(id, celsius: present.value.celsius)
                    } else {
                        tree.remove("bus/w1/devices/\(id)")
                    }
                }
            )
        }
    }
}

/// A value that closures share.
private final class Mutable<Value: Sendable>: Sendable {
    private let state: Lock<Value>

    init(_ value: Value) { state = Lock(value) }

    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
#endif

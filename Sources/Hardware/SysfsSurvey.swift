/// What the kernel has of the 1-Wire bus, PWM and LEDs, for who only looks: nothing is taken or set.
///
/// Blocks the caller's thread for as long as a device takes; ``Sysfs`` is for all others.
package struct SysfsSurvey: Sendable {
    /// A PWM controller.
    package struct PWM: Sendable, Hashable {
        /// Such as `fe20c000.pwm`; empty when the kernel does not say.
        package let device: String
        package let channels: Int
        /// Channels that somebody has.
        package let taken: Int
    }

    /// A light.
    package struct Light: Sendable, Hashable {
        /// 0 through ``maximum``.
        package let brightness: Int
        package let maximum: Int
        /// What lights it, such as `mmc0`; `none` when it keeps its brightness.
        package let trigger: String
    }

    private let root: String
    private let controller: any SysfsController

    /// - Parameter root: where sysfs is mounted.
    package init(root: String) {
        self.root = root
        controller = LinuxSysfs(root: root)
    }

    /// - Parameter simulated: a tree that exists in this process only.
    package init(simulated: SimulatedSysfs) {
        root = SimulatedSysfs.root
        controller = simulated
    }

    // MARK: - 1-Wire

    /// The names of the buses, and behind them those of the thermometers whose memory ``OneWire`` reads.
    package func oneWire() throws(SysfsError) -> [String] {
        let names = try names(in: OneWire.folder)
        let thermometers = names.filter { name in
            OneWireID(name).map { OneWireID.thermometers.contains($0.family) } ?? false
        }
        return names.filter { $0.utf8.starts(with: "w1_bus_master".utf8) } + thermometers
    }

    /// What the last search of a bus found; nil before the first has ended.
    package func devices(on bus: String) throws(SysfsError) -> [OneWireID]? {
        // The kernel answers this question between two searches only (drivers/w1/w1.c, w1_master_attribute_show_attempts): it
        // hangs when a search does.
        guard try integer("\(OneWire.folder)/\(bus)/w1_master_attempts") > 0 else { return nil }
        // A line each; "not found." for none.
        return try controller.read("\(OneWire.folder)/\(bus)/w1_master_slaves").split(whereSeparator: \.isNewline)
            .compactMap { OneWireID($0) }
    }

    /// Lets a thermometer measure, and reads its memory.
    /// - Throws: ``OneWireError`` also for a wrong checksum; ``SysfsError``.
    package func readThermometer(_ id: OneWireID) throws {
        _ = try OneWire.scratchpad(try controller.read("\(OneWire.folder)/\(id)/w1_slave"), of: id)
    }

    // MARK: - PWM

    package func pwms() throws(SysfsError) -> [String] { try names(in: PWMOutput.chips) }

    package func pwm(_ chip: String) throws(SysfsError) -> PWM {
        let folder = "\(PWMOutput.chips)/\(chip)"
        let channels = try integer("\(folder)/npwm")
        guard channels > 0 else {
            throw .malformed(path: place("\(folder)/npwm"), expected: "a number of channels", found: "\(channels)")
        }
        // Such as pwm0; there is also "power".
        let taken = try controller.list(folder).filter { name in
            name.utf8.starts(with: "pwm".utf8) && Int(name.dropFirst(3)) != nil
        }
        return PWM(
            device: controller.linkTarget("\(folder)/device") ?? "", channels: channels, taken: taken.count)
    }

    // MARK: - LEDs

    package func lights() throws(SysfsError) -> [String] { try names(in: LED.folder) }

    package func light(_ name: String) throws(SysfsError) -> Light {
        let folder = "\(LED.folder)/\(name)"
        return Light(
            brightness: try integer("\(folder)/brightness"), maximum: try integer("\(folder)/max_brightness"),
            trigger: LED.triggers(try controller.read("\(folder)/trigger")).active)
    }

    // MARK: - Files

    /// Sorted; none also when the kernel has no devices of this kind.
    private func names(in folder: String) throws(SysfsError) -> [String] {
        do throws(SysfsError) {
            return try controller.list(folder).sorted()
        } catch {
            guard case .absent = error else { throw error }
            return []
        }
    }

    private func integer(_ path: String) throws(SysfsError) -> Int {
        let text = try controller.read(path)
        guard let integer = Int(text) else {
            throw .malformed(path: place(path), expected: "an integer", found: text)
        }
        return integer
    }

    private func place(_ path: String) -> String { "\(root)/\(path)" }
}

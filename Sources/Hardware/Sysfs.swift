internal import Threads

/// The kernel's devices as files (Documentation/filesystems/sysfs.rst): sensors, LEDs, PWM channels, the 1-Wire bus.
///
/// Reading such a file can ask the device itself and take as long as that does, 750 ms for a thermometer on the 1-Wire
/// bus, so it happens on a thread. Paths are relative to the root, such as `class/leds`.
public actor Sysfs {
    /// Where the files are, or the name of a simulated tree.
    public nonisolated let root: String

    nonisolated let controller: any SysfsController
    private let executor: ThreadExecutor

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - root: where sysfs is mounted.
    ///   - thread: those with the same name wait for each other; slow devices have one of their own.
    /// - Throws: why the thread cannot be started.
    public init(root: String = "/sys", thread: String = "sysfs") throws {
        self.root = root
        controller = LinuxSysfs(root: root)
        executor = try SharedThreads.executor(named: thread)
    }

    /// A tree that exists in this process only.
    /// - Throws: why the thread cannot be started.
    public init(simulated: SimulatedSysfs, thread: String = "sysfs") throws {
        root = SimulatedSysfs.root
        controller = simulated
        executor = try SharedThreads.executor(named: thread)
    }

    /// The content of a file, at most 4096 bytes as all attributes of sysfs, without white space at the end.
    public func read(_ path: String) throws(SysfsError) -> String {
        try controller.read(path)
    }

    /// The content of a file that is a number.
    /// - Throws: ``SysfsError/malformed(path:expected:found:)`` for another content.
    public func number(_ path: String) throws(SysfsError) -> Double {
        let text = try controller.read(path)
        guard let number = Double(text), number.isFinite else {
            throw .malformed(path: place(path), expected: "a number", found: text)
        }
        return number
    }

    /// The content of a file that is an integer.
    /// - Throws: ``SysfsError/malformed(path:expected:found:)`` for another content.
    public func integer(_ path: String) throws(SysfsError) -> Int {
        let text = try controller.read(path)
        guard let integer = Int(text) else {
            throw .malformed(path: place(path), expected: "an integer", found: text)
        }
        return integer
    }

    public func write(_ text: String, to path: String) throws(SysfsError) {
        try controller.write(text, to: path)
    }

    /// The names in a folder, sorted.
    public func list(_ path: String) throws(SysfsError) -> [String] {
        try controller.list(path).sorted()
    }

    /// Whether there is such a file that can be read now.
    public func isReadable(_ path: String) -> Bool {
        (try? controller.read(path)) != nil
    }

    /// The last part of what a symbolic link points to, which for a link to a device is the device's name; nil when there
    /// is no such link.
    public func linkTarget(_ path: String) -> String? {
        controller.linkTarget(path)
    }

    /// The part before that, which for a link to a device is the name of the device above it; nil when there is none.
    public func linkParent(_ path: String) -> String? {
        controller.linkParent(path)
    }

    /// The whole path, for errors.
    nonisolated func place(_ path: String) -> String { "\(root)/\(path)" }
}

import Foundation

/// The peer of updates: RAUC as Debian has it, with a private D-Bus daemon, a service of its own and two slots that are
/// files.
final class RAUC {
    private let place: Workplace
    private let folder: URL
    private let environment: [String: String]
    let version: String

    /// - Parameter slot: the image that its bundle holds.
    /// - Throws: when RAUC, OpenSSL or D-Bus are missing.
    init(_ place: Workplace, slot: URL) throws {
        self.place = place
        folder = place.scratch.appendingPathComponent("rauc")
        environment = [
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(folder.path)/bus",
            "DBUS_STARTER_ADDRESS": "unix:path=\(folder.path)/bus", "DBUS_STARTER_BUS_TYPE": "session",
        ]
        version = try Versions.program("rauc", from: place)
        try? FileManager.default.removeItem(at: folder)
        for name in ["content", "mount", "state"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(at: slot, to: folder.appendingPathComponent("content/slot.img"))
        try write(
            "[update]\ncompatible=bench\nversion=1\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=slot.img\n",
            to: "content/manifest.raucm")
        try place.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=bench", "-days", "1", "-keyout",
            path("key.pem"), "-out", path("cert.pem"))
        try write(Self.backend(state: path("state")), to: "backend")
        chmod(path("backend"), 0o755)
        for name in ["a", "b"] {
            // The size of our slots.
            guard FileManager.default.createFile(atPath: path(name), contents: nil),
                truncate(path(name), 256 << 20) == 0
            else { throw BenchError("\(path(name)) cannot be made") }
        }
        try write(
            """
            [system]
            compatible=bench
            bootloader=custom
            mountprefix=\(path("mount"))
            statusfile=\(path("status"))
            bundle-formats=+plain
            [keyring]
            path=\(path("cert.pem"))
            [handlers]
            bootloader-custom-backend=\(path("backend"))
            [slot.rootfs.0]
            device=\(path("a"))
            type=raw
            bootname=A
            [slot.rootfs.1]
            device=\(path("b"))
            type=raw
            bootname=B

            """, to: "system.conf")
        try write(
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>session</type><listen>unix:path=\(path("bus"))</listen><policy context="default">
            <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
            """, to: "bus.conf")
    }

    /// Counted in each round; a tick of the clock that tells the service's time is as long as an eighth of one.
    static let installations = 5

    /// Creates and signs a bundle.
    /// - Returns: processor seconds.
    func create() throws -> Double {
        try? FileManager.default.removeItem(atPath: path("bundle.raucb"))
        return try place.run(
            "rauc", "bundle", "--cert=\(path("cert.pem"))", "--key=\(path("key.pem"))", path("content"),
            path("bundle.raucb")
        ).cpuSeconds
    }

    /// Installs the bundle into the other slot, several times.
    /// - Returns: processor seconds of an installation, client and service, and the service's peak RSS in bytes.
    func install() throws -> (cpu: Double, peak: Double) {
        let bus = try start(["dbus-daemon", "--config-file=\(path("bus.conf"))", "--nofork"])
        defer { stop(bus) }
        try waitFor(path("bus"))
        let service = try start(["rauc", "--conf=\(path("system.conf"))", "--override-boot-slot=A", "service"])
        defer { stop(service) }
        // Not counted: the first one, with the service's start; until that is on the bus an installation fails.
        var tries = 50
        while true {
            do {
                _ = try installOnce()
                break
            } catch {
                tries -= 1
                if tries == 0 { throw error }
                usleep(100_000)
            }
        }
        let before = try Processor.seconds(of: service)
        var client = 0.0
        for _ in 0..<Self.installations { client += try installOnce() }
        let cpu = (client + (try Processor.seconds(of: service)) - before) / Double(Self.installations)
        return (cpu, try Processor.peakBytes(of: service))
    }

    /// Processor seconds of the client.
    private func installOnce() throws -> Double {
        try place.run("rauc", "install", path("bundle.raucb"), environment: environment, limit: 60).cpuSeconds
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func write(_ text: String, to name: String) throws {
        try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }

    private func start(_ words: [String]) throws -> pid_t {
        let log = open(path(words[0] + ".log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { close(log) }
        return try Program.start(words, streams: [log, log, log], environment: environment)
    }

    private func stop(_ process: pid_t) {
        kill(process, SIGTERM)
        _ = Program.wait(process)
    }

    private func waitFor(_ file: String) throws {
        for _ in 0..<500 where !FileManager.default.fileExists(atPath: file) { usleep(10_000) }
        guard FileManager.default.fileExists(atPath: file) else { throw BenchError("D-Bus did not start within 5 s") }
    }

    /// What stands in for the boot loader.
    private static func backend(state: String) -> String {
        """
        #!/bin/sh
        case "$1" in
        get-primary) cat \(state)/primary 2>/dev/null || echo A ;;
        set-primary) echo "$2" >\(state)/primary ;;
        get-state) cat \(state)/"$2" 2>/dev/null || echo good ;;
        set-state) echo "$3" >\(state)/"$2" ;;
        get-current) echo A ;;
        esac

        """
    }
}

import Foundation

/// The programs emulation needs; the raw value is the program's name.
enum EmulatorTool: String, CaseIterable {
    case qemu = "qemu-system-aarch64"
    case mosquitto
    case mosquittoSub = "mosquitto_sub"
    case setpriv
    case fdtget
    case fdtput
    case mcopy
    case mdir

    /// The Debian package that has it.
    var package: String {
        switch self {
        case .qemu: "qemu-system-arm"
        case .mosquitto: "mosquitto"
        case .mosquittoSub: "mosquitto-clients"
        case .setpriv: "util-linux"
        case .fdtget, .fdtput: "device-tree-compiler"
        case .mcopy, .mdir: "mtools"
        }
    }

    /// - Parameter find: how a program's path is found.
    /// - Throws: `FwtoolError` that names the package where it is not installed.
    func path(find: (_ program: String) -> String? = Command.find) throws -> String {
        guard let path = find(rawValue) else {
            throw FwtoolError(
                "\(rawValue) is not installed (Debian package \(package))",
                remedy: "run: fwtool doctor, or: apt install \(package)")
        }
        return path
    }

    /// Runs it to its end.
    @discardableResult
    func run(_ arguments: [String], deadline: TimeInterval = 120) throws -> String {
        try Command(try path(), arguments, deadline: deadline).run()
    }
}

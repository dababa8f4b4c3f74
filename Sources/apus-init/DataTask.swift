internal import Glibc

/// Work on the data partition that PID 1 has done by a process of its own.
enum DataTask: String {
    /// Ends with status 0 when the partition is mounted.
    case recover = "recover-data"
    case grow = "grow-data"

    init?(_ arguments: [String]) {
        guard arguments.count == 2 else { return nil }
        self.init(rawValue: arguments[1])
    }

    /// Starts the process.
    func start() -> pid_t? { spawn(["/usr/sbin/apus-init", rawValue]) }

    /// What the process does; returns its exit status.
    func run() -> Int32 {
        guard let devices = CardDevices.find() else { return 1 }
        let partition = DataPartition(devices)
        switch self {
        case .recover: return partition.recover() ? 0 : 1
        case .grow:
            do {
                try partition.grow()
                return 0
            } catch {
                Log.line("the data partition does not grow: \(error)")
                return 1
            }
        }
    }
}

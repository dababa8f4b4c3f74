internal import CLinux
internal import Glibc

/// A running cell, seen from the process that started it.
struct CellProcess: Sendable {
    let process: SpawnedProcess
    let control: CellSocket
    let data: CellSocket
    /// Its standard error.
    let errors: CellDescriptor

    /// Starts a cell. Blocks for about a millisecond.
    ///
    /// Its standard input is empty, its standard output is this process's, its standard error a pipe to this process;
    /// other descriptors than the two sockets do not reach it.
    /// - Throws: ``CellError/system(_:code:)``.
    static func start(
        _ program: CellProgram, order: [UInt8], options: CellOptions, on thread: CellThread
    ) throws -> CellProcess {
        let control = try CellChannel(.socket, on: thread)
        let data = try CellChannel(.socket, on: thread)
        let errors = try CellChannel(.pipe, on: thread)
        let socket = CellSocket(descriptor: control.ours)
        // Waits in the socket until the cell looks for it.
        let code = socket.send(order)
        guard code == 0 else { throw CellError.system("cannot send a cell its order", code: code) }
        let id = try Spawn.start(
            program.path, program.arguments, variables: CellProgram.environment,
            descriptors: [nil, errors.theirs, control.theirs, data.theirs])
        let process = try SpawnedProcess(id, on: thread)
        let cell = CellProcess(
            process: process, control: socket, data: CellSocket(descriptor: data.ours), errors: errors.ours)
        do {
            // The process is loading its libraries now: nothing of its own has run.
            try limit(id, options)
        } catch {
            process.kill()
            waitpid(id, nil, 0)
            throw error
        }
        return cell
    }

    private static func limit(_ process: pid_t, _ options: CellOptions) throws {
        func set(_ resource: Int32, _ soft: Int, _ hard: Int) throws {
            guard linux_set_limit(process, resource, UInt64(soft), UInt64(hard)) == 0 else {
                throw CellError.system("cannot set a limit of a cell", code: errno)
            }
        }
        try set(linux_limit_core, 0, 0)
        if let memory = options.memory { try set(linux_limit_data, memory, memory) }
        if let files = options.openFiles { try set(linux_limit_open_files, files, files) }
        // At the first limit comes SIGXCPU, at the second SIGKILL.
        if let seconds = options.cpuSeconds { try set(linux_limit_cpu, seconds, seconds + 1) }
    }
}

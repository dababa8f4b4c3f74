internal import CLinux
internal import Glibc
internal import Synchronization

/// This process as a cell: it runs one child for the process that started it, and ends with either.
package enum CellHost {
    struct Order: Sendable {
        let path: [String]
        let control: CellSocket
        let data: CellSocket
    }

    /// Seconds that a last word, or the report of a crash, waits for a supervisor that does not listen.
    private static let sendLimit = 1

    /// The number of the process that started this one as a cell; nil when none did.
    private static let supervisor: pid_t? = {
        guard let value = getenv(CellProgram.variable), let number = pid_t(String(cString: value)) else { return nil }
        // A program that a cell started inherits the variable, and not the socket.
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(CellProgram.control, SOL_SOCKET, SO_TYPE, &type, &size) == 0,
            type == Int32(SOCK_SEQPACKET.rawValue)
        else { return nil }
        return number
    }()

    /// What is to be run, for the first who asks.
    private static let order = Mutex<Order?>(nil)

    /// Whether this process is a cell.
    package static var isCell: Bool { supervisor != nil }

    /// In a cell: makes sure that it ends with its supervisor, and that a crash is reported. Else nothing.
    ///
    /// ``Supervisor/run()`` does it if nobody did before; a program with long preparations calls it first.
    package static func prepare() {
        _ = preparation
    }

    /// Lets the kernel kill this process when the thread that started it ends. The setting lives as long as the thread
    /// that makes it.
    static func dieWithParent() {
        guard let supervisor else { return }
        linux_set_parent_death_signal(SIGKILL)
        // It ended before.
        if getppid() != supervisor { _exit(1) }
    }

    private static let preparation: Void = {
        guard isCell else { return }
        dieWithParent()
        for descriptor in [CellProgram.control, CellProgram.data] {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            var limit = timeval(tv_sec: sendLimit, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        do {
            let thread = try CellThread.shared.get()
            let control = CellSocket(descriptor: try CellDescriptor(CellProgram.control, on: thread))
            let data = CellSocket(descriptor: try CellDescriptor(CellProgram.data, on: thread))
            guard case .packet(let bytes) = control.receive(upTo: CellMessage.maximumLength),
                case .order(let path, let memoryLimit)? = try? CellMessage(bytes)
            else { throw CellError.system("the cell got no order", code: 0) }
            linux_report_crashes(CellProgram.control, CellMessage.crashTag, CellMessage.mapsTag, memoryLimit)
            if let id = path.last { name(id) }
            order.withLock { $0 = Order(path: path, control: control, data: data) }
        } catch {
            // Nobody to tell but the supervisor's log.
            let text = "\(error)\n"
            write(STDERR_FILENO, text, text.utf8.count)
            _exit(1)
        }
    }()

    /// Lets tools such as `top` show the process under the child's id instead of "exe".
    private static func name(_ id: String) {
        let file = open("/proc/self/comm", O_WRONLY | O_CLOEXEC)
        write(file, id, id.utf8.count)
        close(file)
    }

    /// What this process is to run as a cell; nil when it is none, or when somebody took the order before.
    static func takeOrder() -> Order? {
        prepare()
        return order.withLock { order in
            defer { order = nil }
            return order
        }
    }
}

// MARK: The cell's life

extension CellHost {
    /// Runs the child of the order, found among those that the tree was made with, and ends the process.
    static func run(_ order: Order, in root: Supervisor) async -> Never {
        let place: Supervisor.Place
        do throws(Supervisor.NoPlace) {
            place = try root.place(at: order.path)
        } catch {
            await end(order, .unknownChild(error.reason))
        }
        let child = Task { await live(order, place) }
        Task {
            await follow(order.control)
            child.cancel()
        }
        let forwarders = place.spec.allOutlets.enumerated().map { index, outlet in
            Task {
                do {
                    try await outlet.forward(order.data, UInt16(clamping: index))
                } catch {
                    await end(order, .failed("\(error)"))
                }
            }
        }
        let answer = await withTaskCancellationHandler(operation: { await child.value }, onCancel: { child.cancel() })
        // What the child sent goes out first.
        for forwarder in forwarders { forwarder.cancel() }
        for forwarder in forwarders { await forwarder.value }
        await end(order, answer)
    }

    /// Returns when the child is to stop. The end of the supervisor's process is that of this one.
    private static func follow(_ control: CellSocket) async {
        while true {
            switch control.receive(upTo: CellMessage.maximumLength) {
            case .packet(let bytes):
                if case .stop? = try? CellMessage(bytes) { return }
            case .nothing:
                await control.descriptor.waitUntilReadable()
            case .tooLong, .end:
                _exit(1)
            }
        }
    }

    /// Lives the child's one life here. Returns how it went.
    private static func live(_ order: Order, _ place: Supervisor.Place) async -> CellMessage {
        let control = order.control
        let relay = place.spec.liveness.map { liveness in
            CheckInRelay(liveness: liveness) {
                // No room: the supervisor has not seen the last one yet.
                if let bytes = CellMessage.alive.bytes { _ = control.send(bytes) }
            }
        }
        let context = ChildContext(under: place.supervisor, relay: relay)
        return await ChildContext.$current.withValue(context) {
            do {
                switch place.spec.kind {
                case .worker(let start):
                    context.isStarting = true
                    guard let body = try await start() else { return .ignored }
                    context.isStarting = false
                    await tell(order, .started)
                    try await body()
                case .supervisor(let supervisor):
                    try await supervisor.start(under: order.path.dropLast()) { event in
                        if let bytes = CellMessage.event(event).bytes { _ = control.send(bytes) }
                    }
                    await tell(order, .started)
                    try await supervisor.supervise()
                }
                return .finished
            } catch is CancellationError {
                return .cancelled
            } catch {
                return .failed("\(error)")
            }
        }
    }

    private static func tell(_ order: Order, _ message: CellMessage) async {
        guard let bytes = message.bytes, let thread = try? CellThread.shared.get() else { return }
        _ = await thread.perform { order.control.sendBlocking(bytes) }
    }

    private static func end(_ order: Order, _ message: CellMessage) async -> Never {
        guard let bytes = message.bytes, let thread = try? CellThread.shared.get() else { _exit(1) }
        await thread.perform {
            fflush(nil)
            _exit(order.control.sendBlocking(bytes) == 0 ? 0 : 1)
        }
        // Not reached: the process has ended.
        _exit(1)
    }
}

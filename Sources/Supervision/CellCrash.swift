internal import Glibc

/// How the process of a cell ended, when it did not end as a child should. Its description is one line for a log.
public struct CellCrash: Error, CustomStringConvertible {
    public enum Cause: Sendable, Hashable {
        /// A signal, such as SIGILL (SIGTRAP on ARM) of a trap, SIGSEGV of a memory fault, SIGABRT of a runtime error.
        case signal(Int32)

        /// The program called exit(3) with this status, not 0.
        case exited(Int32)

        /// The program ended without having started the child, with status 0.
        case endedBeforeStart

        /// It needed more memory than its ``CellOptions/memory`` allows, which is this many bytes.
        case memoryLimit(Int)

        /// It used up its ``CellOptions/cpuSeconds``, which are this many.
        case cpuLimit(Int)

        /// It was killed because it still ran when its shutdown time was over.
        case shutdownTimeOver

        /// It was killed because it broke the rules by which cells and their supervisors speak.
        case violation(String)

        /// Its exit status was taken by somebody else in this process.
        case unknown

        /// Killed, and nobody waits for it to end in order.
        case notWaitedFor
    }

    /// The ids from the outermost supervisor down to the child.
    public let path: [String]

    /// Its number, which other processes may have since.
    public let processID: Int32

    public let cause: Cause

    /// Whether the child's start function had returned.
    public let hadStarted: Bool

    /// The last lines the process wrote to its standard error.
    public let lastErrorLines: [String]

    /// The message of a fatal error of Swift's; nil when there was none. Release builds leave it out for most traps.
    public let message: String?

    /// Where in the sources the message says it happened, such as "Station/Barometer.swift:42".
    public let location: String?

    /// What the thread that crashed was doing; nil when the process could not tell.
    public let backtrace: CellBacktrace?

    /// Memory was tight, the address of a fault, and the like.
    private let faultAddress: UInt64?
}

extension CellCrash {
    init(
        path: [String], processID: Int32, known: Cause?, status: SpawnedProcess.Status, isStarted: Bool,
        options: CellOptions, output: CellErrorOutput, trace: CellTrace?, maps: [UInt8]
    ) {
        self.path = path
        self.processID = processID
        hadStarted = isStarted
        lastErrorLines = output.lines
        let fatalError = output.fatalError.map(FatalError.init)
        message = fatalError?.message
        location = fatalError?.location
        backtrace = trace.map { CellBacktrace($0.frames, maps: maps) }
        let isFault = trace.map { [SIGSEGV, SIGBUS].contains($0.signal) && $0.code > 0 } ?? false
        faultAddress = isFault ? trace?.address : nil

        // Of the Swift runtime (swift_slowAlloc): "Fatal error: failed to allocate 1048608 bytes of memory …".
        let isOutOfMemory = fatalError?.message.hasPrefix("failed to allocate ") ?? false
        if let known {
            cause = known
        } else {
            switch status {
            case .lost: cause = .unknown
            case .exited(0): cause = .endedBeforeStart
            case .exited(let status): cause = .exited(status)
            case .signal(let signal):
                if let memory = options.memory, isOutOfMemory || trace?.isMemoryTight ?? false {
                    cause = .memoryLimit(memory)
                } else if let seconds = options.cpuSeconds, signal == SIGXCPU {
                    cause = .cpuLimit(seconds)
                } else {
                    cause = .signal(signal)
                }
            }
        }
    }

    public var description: String {
        var text = "its cell, process \(processID), \(causeText)"
        if !hadStarted { text += " before it had started" }
        if let message {
            text += ": \(message)"
        } else if isCrash, let last = lastErrorLines.last {
            text += ": \(last)"
        }
        if let location { text += " at \(location)" }
        if let frame = backtrace?.ownFrame { text += " in \(frame)" }
        return text
    }

    /// Whether it is the program's own fault, so that what it said last says why.
    private var isCrash: Bool {
        switch cause {
        case .signal, .exited, .memoryLimit, .cpuLimit: true
        default: false
        }
    }

    /// The description, the backtrace and the last lines of standard error, one line each.
    public var report: String {
        var lines = ["\(path.joined(separator: "/")): \(description)"]
        for frame in backtrace?.frames ?? [] { lines.append("    \(frame)") }
        for line in lastErrorLines { lines.append("  | \(line)") }
        return lines.joined(separator: "\n")
    }

    private var causeText: String {
        switch cause {
        case .signal(let signal):
            var text = "was ended by \(Self.name(of: signal))"
            if let faultAddress { text += " at address 0x\(String(faultAddress, radix: 16))" }
            // The handler needs some bytes of the stack it runs on.
            if signal == SIGSEGV, backtrace == nil {
                text += " and could say nothing more, as when a stack is exhausted"
            }
            return text
        case .exited(let status): return "ended with exit status \(status)"
        case .endedBeforeStart: return "came to its end"
        case .memoryLimit(let bytes): return "needed more than the \(bytes) bytes of memory it may have"
        case .cpuLimit(let seconds): return "used up the \(seconds) s of processor time it may have"
        case .shutdownTimeOver: return "did not stop in its time and was killed"
        case .violation(let what): return "was killed because it sent \(what)"
        case .unknown: return "ended, how is not known"
        case .notWaitedFor: return "was killed"
        }
    }

    private static func name(of signal: Int32) -> String {
        // The signals a program can bring upon itself, and those by which others end it.
        switch signal {
        case SIGILL: "SIGILL (trap)"
        case SIGTRAP: "SIGTRAP (trap)"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        case SIGSEGV: "SIGSEGV"
        case SIGSYS: "SIGSYS"
        case SIGPIPE: "SIGPIPE"
        case SIGXCPU: "SIGXCPU"
        case SIGKILL: "SIGKILL"
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGHUP: "SIGHUP"
        case SIGQUIT: "SIGQUIT"
        default: "signal \(signal)"
        }
    }
}

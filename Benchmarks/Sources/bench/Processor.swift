import Foundation

/// Processor time and memory of processes that run.
enum Processor {
    /// Processor seconds, user and system, of a process that runs, in steps of the kernel's clock tick (proc_pid_stat(5), fields 14 and 15).
    static func seconds(of process: pid_t) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // Behind the name, which may contain anything.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw BenchError("/proc/\(process)/stat is not understood: \(text)")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The most memory a process that runs has had (proc_pid_status(5), VmHWM).
    static func peakBytes(of process: pid_t) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let words = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split { " \t".contains($0) }
        guard let words, words.count == 3, let kibibytes = Double(words[1]) else {
            throw BenchError("/proc/\(process)/status is not understood")
        }
        return kibibytes * 1024
    }
}

import Apus

/// A light in a process of its own that is not started again: when that is killed, only the safe level of its line puts
/// it out.
enum Lamp {
    static func childSpec(on line: GPIOPin) -> ChildSpec {
        ChildSpec("lamp", restart: .temporary, isolation: .process) {
            let light = try line.openOutput(initial: true, OutputOptions(safe: false, consumer: "lamp"))
            return {
                defer { light.release() }
                while true { try await Task.sleep(for: .seconds(3600)) }
            }
        }
    }
}

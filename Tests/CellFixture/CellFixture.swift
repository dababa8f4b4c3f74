import Glibc
import Supervision

@main
struct Fixture {
    static func main() async throws {
        let supervisor = try Supervisor("root", children: [
            ChildSpec("a", isolation: .process) { { let x = [1]; print(x[CommandLine.arguments.count]) } },
        ], onEvent: { print($0); if case .failed(let e as CellCrash) = $0.kind { print(e.report)} })
        do { try await supervisor.run() } catch { print(error) }
    }
}

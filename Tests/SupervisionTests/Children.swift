import Supervision

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Runs until it is cancelled.
@Sendable func park() async throws {
    // A mailbox nobody sends to ends its receiver by cancellation alone.
    _ = try await Mailbox<Never>(capacity: 1, overflow: .dropNewest).receive()
}

/// A child that runs until it is stopped.
func steady(_ id: String) -> ChildSpec {
    // Without a deadline: who waits for sleepers on the clock waits for what the test is about.
    ChildSpec(id, startDeadline: nil) { park }
}

/// A child that ends as it is told: each command makes it return (nil) or throw.
final class Puppet: Sendable {
    private let commands = Mailbox<Failure?>(capacity: 16, overflow: .dropNewest)

    func end(_ error: String? = nil) {
        _ = commands.offer(error.map { Failure($0) })
    }

    func spec(_ id: String, restart: Restart = .permanent, backoff: Backoff? = nil) -> ChildSpec {
        ChildSpec(id, restart: restart, backoff: backoff) { [commands] in
            {
                let command = try await commands.receive(upTo: 1)
                if case .some(.some(let error)) = command.first { throw error }
            }
        }
    }
}

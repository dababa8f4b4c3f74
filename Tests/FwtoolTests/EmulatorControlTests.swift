import Foundation
import JSON
import Testing

@testable import fwtool

/// The clients of QEMU's control channels against a QEMU played by the test.
@Suite struct EmulatorControlTests {
    /// QEMU's end of a channel, read on a thread of its own.
    private final class Peer: Sendable {
        private let descriptor: Int32
        private let received = EmulatorOutput()

        init(descriptor: Int32) {
            self.descriptor = descriptor
            Thread.detachNewThread { [descriptor, received] in
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    guard count > 0 else { break }
                    received.append(buffer[..<count])
                }
                received.end()
            }
        }

        deinit { close(descriptor) }

        func write(_ text: String) {
            let bytes = Array(text.utf8)
            #expect(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        }

        func line() async throws -> String { try await received.nextLine() }

        func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    private static func qmp() throws -> (QMPClient, Peer) {
        let (ours, theirs) = try LineSocket.pair()
        return (QMPClient(socket: ours), Peer(descriptor: theirs))
    }

    private static func qtest() throws -> (QTestClient, Peer) {
        let (ours, theirs) = try LineSocket.pair()
        return (QTestClient(socket: ours), Peer(descriptor: theirs))
    }

    // MARK: - QMP

    @Test func aCommandGetsItsOwnAnswer() async throws {
        let (client, peer) = try Self.qmp()
        peer.write("{\"QMP\":{}}\n")
        let first = Task { try await client.execute("one") }
        #expect(try await peer.line() == #"{"execute":"one","arguments":{},"id":1}"#)
        let second = Task { try await client.execute("two", ["a": 1]) }
        #expect(try await peer.line() == #"{"execute":"two","arguments":{"a":1},"id":2}"#)
        // Events, lines that are no JSON and answers nobody waits for are passed over.
        peer.write("{\"event\":\"RESET\"}\ngarbage\n{\"return\":0,\"id\":77}\n")
        peer.write("{\"return\":\"second\",\"id\":2}\n{\"return\":\"first\",\"id\":1}\n")
        #expect(try await first.value == "first")
        #expect(try await second.value == "second")
    }

    @Test func qemusRefusalIsTheError() async throws {
        let (client, peer) = try Self.qmp()
        let setting = Task { try await client.setProperty("temperature", of: "/machine/t0", to: 1) }
        _ = try await peer.line()
        peer.write(#"{"id":1,"error":{"class":"GenericError","desc":"no such object"}}"# + "\n")
        await #expect { try await setting.value } throws: { "\($0)" == "QEMU refuses: no such object" }
    }

    @Test func aDeviceIsFoundByItsType() async throws {
        let (client, peer) = try Self.qmp()
        let finding = Task { try await client.device(ofType: "pl061") }
        _ = try await peer.line()
        peer.write(
            #"{"id":1,"return":[{"name":"device[6]","type":"child<pl031>"},{"name":"device[7]","type":"child<pl061>"}]}"#
                + "\n")
        #expect(try await finding.value == "/machine/unattached/device[7]")

        let missing = Task { try await client.device(ofType: "pl061") }
        _ = try await peer.line()
        peer.write(#"{"id":2,"return":[]}"# + "\n")
        await #expect { try await missing.value } throws: { "\($0)" == "the emulated machine has no pl061" }
    }

    @Test func qemusEndFailsWhoWaitsAndWhoComesLater() async throws {
        let (client, peer) = try Self.qmp()
        let waiting = Task { try await client.execute("quit") }
        _ = try await peer.line()
        peer.end()
        await #expect { try await waiting.value } throws: { "\($0)" == "QEMU has ended" }
        await #expect { try await client.execute("quit") } throws: { "\($0)" == "QEMU has ended" }
    }

    @Test func aCancelledCommandEnds() async throws {
        let (client, peer) = try Self.qmp()
        let waiting = Task { try await client.execute("stop") }
        _ = try await peer.line()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    // MARK: - qtest

    @Test func inputsAreSetInOrder() async throws {
        let (client, peer) = try Self.qtest()
        let first = Task { try await client.setInput(3, of: "/machine/gpio", to: true) }
        #expect(try await peer.line() == "set_irq_in /machine/gpio unnamed-gpio-in 3 1")
        peer.write("IRQ raise 1\nOK\n")
        try await first.value
        let second = Task { try await client.setInput(0, of: "/machine/gpio", to: false) }
        #expect(try await peer.line() == "set_irq_in /machine/gpio unnamed-gpio-in 0 0")
        peer.write("FAIL Unknown device\n")
        await #expect { try await second.value } throws: { "\($0)".contains("FAIL Unknown device") }
    }

    @Test func aByteIsRead() async throws {
        let (client, peer) = try Self.qtest()
        let first = Task { try await client.byte(at: 0x0903_0200) }
        #expect(try await peer.line() == "readb 0x9030200")
        peer.write("OK 0x0000000000000080\n")
        #expect(try await first.value == 0x80)
        let second = Task { try await client.byte(at: 0) }
        #expect(try await peer.line() == "readb 0x0")
        peer.write("OK\n")
        await #expect { try await second.value } throws: { "\($0)".contains("answers 'OK' instead of a byte") }
    }

    @Test func theAnswerToACancelledCommandIsNotTheNextOnes() async throws {
        let (client, peer) = try Self.qtest()
        let cancelled = Task { try await client.setInput(0, of: "/a", to: true) }
        _ = try await peer.line()
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        let next = Task { try await client.setInput(1, of: "/a", to: true) }
        _ = try await peer.line()
        peer.write("FAIL first\nOK\n")
        try await next.value
        peer.end()
        await #expect { try await client.setInput(1, of: "/a", to: true) } throws: { _ in true }
    }
}

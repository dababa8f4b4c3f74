import Apus

/// A clock chip that is set to the first second of 2027 when it starts, and then says its time.
struct SetClock: PolledDriver {
    let id = "clock"
    let clock: DS1338

    func open() async throws -> RealTimeClock {
        let open = try clock.open()
        try await open.set(1_798_761_600)
        return open
    }

    func sample(_ open: RealTimeClock) async throws -> [Measurement] { try await clock.sample(open) }
}

import Testing

@testable import fwtool

struct DoctorTests {
    @Test func namesWhatIsMissingAndOneCommandForAllOfIt() {
        let findings = DoctorCommand.packages(
            """
            # remark | - | x | y
            bash | - | bash | unpacking
            bash | 99 | bash | unpacking
            no-such-a | - | no-such-program | testing
            no-such-b | - | /no/such/file | testing
            """)
        #expect(findings.map(\.ok) == [true, false, false, false])
        #expect(findings[1].detail.contains("older than 99"))
        #expect(DoctorCommand.remedies(findings) == ["apt-get install bash no-such-a no-such-b"])
    }
}

/// The device's id cannot be part of a topic and of a SenML name.
struct InvalidDeviceError: Error, Hashable, CustomStringConvertible {
    let device: String

    /// Far below what a topic may have; serial numbers and MAC addresses have 16 and 17.
    static let maximumLength = 128

    init?(_ device: String) {
        // A name begins with a letter or digit (RFC 8428, section 4.5.1), a level of a topic contains no "/".
        let isValid =
            device.utf8.count <= Self.maximumLength && device.utf8.first.map(SenML.isLegalFirst) == true
            && device.utf8.allSatisfy { SenML.isLegal($0) && $0 != UInt8(ascii: "/") }
        if isValid { return nil }
        self.device = device
    }

    var description: String {
        "the device's id \"\(device)\" is not valid: it must begin with a letter or digit, go on with letters, digits, "
            + "-, ., _ and :, and have at most \(Self.maximumLength) characters"
    }
}

/// What came from the socket is not understood.
public struct SensorReportError: Error, Equatable, CustomStringConvertible {
    public var description: String {
        "what the app says of its sensors is not understood; it may be of another version than this command"
    }
}

/// Why nothing can be said of an app's sensors.
public enum SensorStreamError: Error, Equatable, CustomStringConvertible {
    case absent(path: String, reason: String)
    case silent(seconds: Int)
    case tooLong

    public var description: String {
        switch self {
        case .absent(let path, let reason): "no sensors can be shown from \(path): \(reason)"
        case .silent(let seconds): "the app has said nothing for \(seconds) s; it may hang"
        case .tooLong: "the app said more than a report can be; it may be of another version than this command"
        }
    }
}

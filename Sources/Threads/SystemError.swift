internal import Glibc

/// The kernel's text for an error number, for example "No such file or directory".
package func systemMessage(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}

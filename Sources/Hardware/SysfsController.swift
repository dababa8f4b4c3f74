/// What ``Sysfs`` needs of the kernel or of its simulation. Paths are relative to the root. May block: called on
/// threads of our own only.
protocol SysfsController: Sendable {
    /// The content without white space at the end.
    func read(_ path: String) throws(SysfsError) -> String
    func write(_ text: String, to path: String) throws(SysfsError)
    /// The names in a folder, in no order.
    func list(_ path: String) throws(SysfsError) -> [String]
    /// The last part of what a symbolic link points to; nil when there is no such link.
    func linkTarget(_ path: String) -> String?
    /// The part before that; nil when there is none.
    func linkParent(_ path: String) -> String?
}

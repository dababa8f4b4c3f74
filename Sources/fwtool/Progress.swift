final class Progress: Sendable {
    enum Unit { case bytes, items }
    init(_ label: String) { print(label) }
    func setTotal(_ t: Int64, unit: Unit) {}
    func update(_ d: Int64) {}
    func finish() {}
}

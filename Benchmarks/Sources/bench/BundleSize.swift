/// The signed bundle of the reference app for the Pi 4.
struct BundleSize: Figure {
    let names = ["bundle.bytes"]

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let size = try place.size(of: place.bundle("rpi4"))
        return [
            try Record(
                names[0], .bytes, [.init(ours: size, peer: nil)], versions: try Versions.bundle("rpi4", place),
                load: load)
        ]
    }
}

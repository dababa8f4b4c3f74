// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Recorder",
    dependencies: [.package(name: "apus", path: "../../..")],
    targets: [
        .systemLibrary(name: "CTimex"),
        .executableTarget(name: "Recorder", dependencies: ["CTimex", .product(name: "Apus", package: "apus")]),
    ]
)

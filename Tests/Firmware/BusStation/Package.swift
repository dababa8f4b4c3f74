// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "BusStation",
    dependencies: [.package(name: "apus", path: "../../..")],
    targets: [
        .executableTarget(name: "BusStation", dependencies: [.product(name: "Apus", package: "apus")])
    ]
)

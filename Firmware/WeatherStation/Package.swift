// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "WeatherStation",
    dependencies: [.package(name: "apus", path: "../..")],
    targets: [
        .executableTarget(name: "WeatherStation", dependencies: [.product(name: "Apus", package: "apus")])
    ]
)

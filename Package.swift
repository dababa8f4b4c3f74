// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in every target of ours; upcoming features keep existential use and import visibility explicit.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "apus",
    products: [
        .library(name: "Apus", targets: ["Apus"]),
        .library(name: "Supervision", targets: ["Supervision"]),
        .library(name: "Bundle", targets: ["Bundle"]),
        .executable(name: "apus", targets: ["apus"]),
        .executable(name: "apus-init", targets: ["apus-init"]),
        .executable(name: "apus-root", targets: ["apus-root"]),
        .executable(name: "fwtool", targets: ["fwtool"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries. Without `pkgConfig:` on purpose: SwiftPM would read the host's .pc files in a cross build.
        .systemLibrary(name: "CGPIOD"),
        .systemLibrary(name: "CI2C"),
        .systemLibrary(name: "CMosquitto"),
        .systemLibrary(name: "COpenSSL"),
        .systemLibrary(name: "CSQLite"),
        .systemLibrary(name: "CZstd"),
        .systemLibrary(name: "CLinux"),

        // Shared by device and developer's machine.
        .target(name: "JSON", swiftSettings: strict),
        .target(name: "Checksum", swiftSettings: strict),
        .target(name: "Monitoring", dependencies: ["JSON", "CLinux"], swiftSettings: strict),
        .target(name: "BootState", dependencies: ["Checksum"], swiftSettings: strict),
        .target(name: "Card", dependencies: ["BootState", "CLinux"], swiftSettings: strict),
        .target(name: "Bundle", dependencies: ["JSON", "COpenSSL", "CZstd"], swiftSettings: strict),

        // The device, ground floor first.
        .target(name: "Threads", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "HTTP", dependencies: ["Threads", "COpenSSL"], swiftSettings: strict),
        .target(name: "Supervision", dependencies: ["CLinux", "Threads"], swiftSettings: strict),
        .target(name: "Hardware", dependencies: ["Threads", "CGPIOD", "CI2C", "CLinux"], swiftSettings: strict),
        .target(
            name: "Sensors", dependencies: ["Threads", "Supervision", "Hardware", "CLinux"], swiftSettings: strict),
        .target(
            name: "Publishing",
            dependencies: [
                "JSON", "Checksum", "Threads", "Supervision", "Sensors", "HTTP", "CMosquitto", "COpenSSL", "CSQLite",
                "CLinux",
            ],
            swiftSettings: strict),
        .target(name: "Device", dependencies: ["Hardware", "Sensors"], swiftSettings: strict),
        .target(
            name: "Apus",
            dependencies: [
                "Threads", "Supervision", "Hardware", "Sensors", "Publishing", "Device", "Monitoring", "CLinux",
            ],
            swiftSettings: strict),
        .target(
            name: "Updating", dependencies: ["Bundle", "Card", "BootState", "Threads", "HTTP", "CLinux"],
            swiftSettings: strict),
        .executableTarget(
            name: "apus",
            dependencies: [
                "Updating", "HTTP", "Bundle", "Card", "BootState", "Hardware", "Monitoring", "Threads", "JSON",
                "CLinux",
            ],
            swiftSettings: strict),
        .target(name: "Verity", dependencies: ["CLinux"], swiftSettings: strict),
        .executableTarget(
            name: "apus-init", dependencies: ["BootState", "Card", "Verity", "CLinux"], swiftSettings: strict),
        .executableTarget(name: "apus-root", dependencies: ["Verity"], swiftSettings: strict),

        // The developer's machine.
        .executableTarget(
            name: "fwtool",
            dependencies: [
                "JSON", "BootState", "Card", "Bundle", "Monitoring", "CLinux", "Yams",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // A benchmark of what no other package sees; run by those in Benchmarks.
        .executableTarget(
            name: "publishing-bench", dependencies: ["Publishing", "Sensors", "Supervision"],
            path: "Benchmarks/Sources/publishing-bench", swiftSettings: strict),
        // A benchmark of lines and buses, run on the emulated boards, with its peer in C.
        .target(name: "CHardwarePeer", path: "Benchmarks/Sources/CHardwarePeer"),
        .executableTarget(
            name: "hardware-bench", dependencies: ["Hardware", "Sensors", "Supervision", "CHardwarePeer"],
            path: "Benchmarks/Sources/hardware-bench", swiftSettings: strict),

        // One folder per module; SystemTests boots the built images in QEMU.
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: strict),
        .testTarget(name: "ChecksumTests", dependencies: ["Checksum"], swiftSettings: strict),
        .testTarget(name: "BootStateTests", dependencies: ["BootState", "Checksum"], swiftSettings: strict),
        .testTarget(name: "CardTests", dependencies: ["Card", "BootState"], swiftSettings: strict),
        .testTarget(name: "BundleTests", dependencies: ["Bundle", "JSON"], swiftSettings: strict),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"], swiftSettings: strict),
        .executableTarget(
            name: "CellFixture", dependencies: ["Supervision", "Threads"], path: "Tests/CellFixture",
            swiftSettings: strict),
        .testTarget(
            name: "SupervisionTests", dependencies: ["Supervision", "Threads", "CellFixture"], swiftSettings: strict),
        .testTarget(name: "HardwareTests", dependencies: ["Hardware"], swiftSettings: strict),
        .testTarget(
            name: "SensorsTests", dependencies: ["Sensors", "Hardware", "Supervision", "Threads"],
            swiftSettings: strict),
        .executableTarget(
            name: "OutboxWriter", dependencies: ["Publishing", "Sensors"], path: "Tests/OutboxWriter",
            swiftSettings: strict),
        .executableTarget(
            name: "OrderlyEnd", dependencies: ["Publishing", "Sensors", "Supervision"], path: "Tests/OrderlyEnd",
            swiftSettings: strict),
        // A web server for tests.
        .target(name: "ScriptedServer", path: "Tests/ScriptedServer", swiftSettings: strict),
        // What a broker for tests needs: certificates, and a bad way to it.
        .target(name: "BrokerFixture", path: "Tests/BrokerFixture", swiftSettings: strict),
        .testTarget(
            name: "PublishingTests",
            dependencies: [
                "Publishing", "HTTP", "ScriptedServer", "BrokerFixture", "Sensors", "Supervision", "JSON",
                "OutboxWriter", "OrderlyEnd", "apus",
            ],
            swiftSettings: strict),
        .testTarget(name: "DeviceTests", dependencies: ["Device", "Hardware"], swiftSettings: strict),
        // Names what Apus re-exports, so that an incremental build notices its changes.
        .executableTarget(
            name: "AppFixture", dependencies: ["Apus", "Supervision", "Sensors"], path: "Tests/AppFixture",
            swiftSettings: strict),
        .testTarget(name: "MonitoringTests", dependencies: ["Monitoring", "JSON"], swiftSettings: strict),
        .testTarget(name: "ApusTests", dependencies: ["Apus", "Monitoring", "AppFixture"], swiftSettings: strict),
        .testTarget(
            name: "UpdatingTests",
            dependencies: [
                "Updating", "HTTP", "ScriptedServer", "apus", "Bundle", "Card", "BootState", "Checksum", "JSON",
                "Hardware",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ApusInitTests", dependencies: ["apus-init", "BootState", "Card"], swiftSettings: strict),
        .testTarget(name: "VerityTests", dependencies: ["Verity"], swiftSettings: strict),
        // The reference app, for the tests of simulation.
        .executableTarget(
            name: "SimulatedStation", dependencies: ["Apus"], path: "Firmware/WeatherStation/Sources/WeatherStation",
            swiftSettings: strict),
        .testTarget(
            name: "FwtoolTests",
            dependencies: ["fwtool", "Bundle", "BootState", "Card", "JSON", "Monitoring", "SimulatedStation"],
            swiftSettings: strict),
        .testTarget(
            name: "SystemTests", dependencies: ["fwtool", "BrokerFixture", "BootState", "Card", "JSON"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

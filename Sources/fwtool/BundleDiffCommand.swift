import ArgumentParser
internal import Bundle
import Foundation
internal import JSON

extension BundleCommand {
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what changed from one bundle to another, and what an update fetches.",
            discussion: """
                A device that runs A and updates to B fetches the head of B and those chunks of its slot that neither \
                slot of the device has; zeros are not fetched. The number here is for a device that has A in the slot \
                it runs and nothing of use in the other. Signatures are not checked.

                EXAMPLE
                  fwtool bundle diff WeatherStation-1.0.apus WeatherStation-1.1.apus
                """)

        @Argument(help: "The bundle a device has.", completion: .file(extensions: ["apus"]))
        var from: String

        @Argument(help: "The bundle it is to have.", completion: .file(extensions: ["apus"]))
        var to: String

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let old = try BundleCommand.open(from)
            let new = try BundleCommand.open(to)
            let bills = (
                before: try BundleCommand.billOfMaterials(of: old, path: from)?.packages ?? [],
                after: try BundleCommand.billOfMaterials(of: new, path: to)?.packages ?? []
            )
            let comparison = BundleComparison(from: old.head, to: new.head, bills: bills)
            if json {
                print(try record(comparison, old.manifest, new.manifest).text(.pretty))
            } else {
                describe(comparison, old.manifest, new.manifest)
            }
        }

        private func describe(_ comparison: BundleComparison, _ old: Manifest, _ new: Manifest) {
            func line(_ name: String, _ before: String, _ after: String) {
                if before != after {
                    print("\(name.padding(toLength: 9, withPad: " ", startingAt: 0)) \(before) -> \(after)")
                }
            }
            line("product", old.product, new.product)
            line("board", old.board, new.board)
            line("version", old.version, new.version)
            line("bundle", Nickname(of: old.id).description, Nickname(of: new.id).description)
            if old.id == new.id { print("bundle    \(Nickname(of: new.id)), the same content") }
            if !comparison.packages.isEmpty { print("packages") }
            for change in comparison.packages {
                print("  \(change.name)  \(change.before ?? "(none)") -> \(change.after ?? "(none)")")
            }
            if !comparison.payloads.isEmpty { print("payloads") }
            for change in comparison.payloads {
                print("  \(change.name)  \(change.kind.rawValue), ", terminator: "")
                print("\(readable(change.sizes.before)) -> \(readable(change.sizes.after))")
            }
            if !comparison.ranges.isEmpty { print("new in the slot") }
            for range in comparison.ranges {
                print(
                    "  from \(range.offset): \(readable(range.size)), \(readable(range.storedSize)) in the bundle")
            }
            print(
                "an update fetches \(readable(comparison.fetchedSize)) "
                    + String(format: "(%.2f %%", 100 * Double(comparison.fetchedSize) / Double(comparison.bundleSize))
                    + " of \(readable(comparison.bundleSize))): the head, \(readable(comparison.headSize)), and "
                    + "\(readable(comparison.fetchedSize - comparison.headSize)) of the slot's "
                    + "\(readable(comparison.slotStoredSize))")
        }

        private func record(_ comparison: BundleComparison, _ old: Manifest, _ new: Manifest) -> JSON {
            func side(_ file: String, _ manifest: Manifest) -> JSON {
                [
                    "file": .string(file), "id": .string(manifest.id),
                    "nickname": .string(Nickname(of: manifest.id).description), "product": .string(manifest.product),
                    "version": .string(manifest.version), "board": .string(manifest.board),
                ]
            }
            func number(_ value: Int) -> JSON { .integer(Int64(value)) }
            return [
                "from": side(from, old), "to": side(to, new),
                "packages": .array(
                    comparison.packages.map {
                        [
                            "name": .string($0.name), "from": $0.before.map { .string($0) } ?? nil,
                            "to": $0.after.map { .string($0) } ?? nil,
                        ]
                    }),
                "payloads": .array(
                    comparison.payloads.map {
                        [
                            "name": .string($0.name), "change": .string($0.kind.rawValue),
                            "fromSize": number($0.sizes.before), "toSize": number($0.sizes.after),
                        ]
                    }),
                "slotRanges": .array(
                    comparison.ranges.map {
                        [
                            "offset": number($0.offset), "size": number($0.size), "storedSize": number($0.storedSize),
                        ]
                    }),
                "headSize": number(comparison.headSize), "bundleSize": number(comparison.bundleSize),
                "fetchedSize": number(comparison.fetchedSize),
            ]
        }
    }
}

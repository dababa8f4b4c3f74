import Testing

/// Boots the built images in QEMU, one after the other: two at a time would starve each other on a small host.
@Suite(.serialized) enum SystemTests {}

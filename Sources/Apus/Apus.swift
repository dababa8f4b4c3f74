// `import Apus` is all an app needs.
@_exported public import Device
@_exported public import Hardware
@_exported public import Publishing
@_exported public import Sensors
@_exported public import Supervision
@_exported public import Threads

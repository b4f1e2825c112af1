#pragma once

/// CLOACINA_API marks what the shared library exports; everything else is hidden. CLOACINA_HIDDEN takes out again what lies inside
/// an exported class: `struct CLOACINA_HIDDEN Runner::Impl {`.
#if defined(__GNUC__)
#define CLOACINA_API __attribute__((visibility("default")))
#define CLOACINA_HIDDEN __attribute__((visibility("hidden")))
#else
#define CLOACINA_API
#define CLOACINA_HIDDEN
#endif

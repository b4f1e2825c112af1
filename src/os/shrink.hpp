#pragma once

namespace cloacina::os {

/// For a fork that will never return: gives back the copy of the parent's heap, of its threads' stacks and of its other private
/// memory, so that pages which the parent changes later need not exist twice. The calling thread's stack and its thread-local
/// variables stay. System calls only. Does nothing in builds with a sanitizer, whose own memory would go too.
void shrink_memory() noexcept;

}  // namespace cloacina::os

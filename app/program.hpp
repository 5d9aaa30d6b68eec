// The whole program, for a main() of one's own: wheelwork with C++ handlers linked in (examples/embedding).
#pragma once

#include "targets/native_runner.hpp"

#include <memory>

namespace wheelwork {

/// Reads the command line, runs what it names and answers the exit code. To be called first thing in main(), with its
/// arguments as they are: the program also starts itself as the helper of process targets. `handlers`: what native
/// targets of the node call; none: the built-in ones.
int run_program(int argc, char** argv, std::shared_ptr<const native_registry> handlers = nullptr);

} // namespace wheelwork

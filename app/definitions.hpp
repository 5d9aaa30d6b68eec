// What the commands for tasks and for pools have in common: definitions under a name, put, changed and deleted.
#pragma once

#include "app/client.hpp"

namespace wheelwork {

struct definition_kind {
  const char* name; ///< task, pool
  const char* path; ///< of all of them, behind /api/v1
};

std::string path_of(const definition_kind& kind, const std::string& name);

/// The subcommand `apply FILE|-`.
void add_apply(command_line& line, CLI::App& parent, const definition_kind& kind);

/// A merge patch; prints `done NAME`, or the answer with --json.
int change_definition(const client_options& options, const definition_kind& kind, const std::string& name,
                      const std::string& patch, const std::string& what_was_done);

int delete_definition(const client_options& options, const definition_kind& kind, const std::string& name);

} // namespace wheelwork

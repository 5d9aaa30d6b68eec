#include "tests/targets/scripted_resolver.hpp"

#include <condition_variable>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <netdb.h>
#include <set>

namespace wheelwork::target_test {

namespace {

struct script {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<std::string>> addresses;
  std::set<std::string> stuck;
  size_t hanging = 0;
};

script& the_script() {
  static script one;
  return one;
}

using resolver = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

} // namespace

scripted_name::scripted_name(std::string name, std::vector<std::string> addresses) : name_{std::move(name)} {
  const std::lock_guard lock{the_script().mutex};
  the_script().addresses[name_] = std::move(addresses);
}

scripted_name::~scripted_name() {
  const std::lock_guard lock{the_script().mutex};
  the_script().addresses.erase(name_);
}

stuck_name::stuck_name(std::string name) : name_{std::move(name)} {
  const std::lock_guard lock{the_script().mutex};
  the_script().stuck.insert(name_);
}

stuck_name::~stuck_name() {
  std::unique_lock lock{the_script().mutex};
  the_script().stuck.erase(name_);
  the_script().changed.notify_all();
  the_script().changed.wait(lock, [] { return the_script().hanging == 0; });
}

void stuck_name::wait_until_asked() {
  std::unique_lock lock{the_script().mutex};
  the_script().changed.wait(lock, [] { return the_script().hanging > 0; });
}

/// What the name becomes for the system's resolver; none: no such name.
std::string resolved_text(const std::string& name) {
  auto& one = the_script();
  std::unique_lock lock{one.mutex};
  if (one.stuck.contains(name)) {
    ++one.hanging;
    one.changed.notify_all();
    one.changed.wait(lock, [&] { return !one.stuck.contains(name); });
    --one.hanging;
    one.changed.notify_all();
    return {};
  }
  const auto found = one.addresses.find(name);
  if (found == one.addresses.end()) return name;
  const auto address = found->second.front();
  if (found->second.size() > 1) found->second.erase(found->second.begin());
  return address;
}

} // namespace wheelwork::target_test

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto system_resolver =
      reinterpret_cast<wheelwork::target_test::resolver>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr) return system_resolver(name, service, hints, found);
  const auto text = wheelwork::target_test::resolved_text(name);
  return text.empty() ? EAI_NONAME : system_resolver(text.c_str(), service, hints, found);
}

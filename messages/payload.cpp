#include "messages/payload.hpp"

#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>

namespace wheelwork {

payload payload::json(std::string_view text) { return make(text, {}); }

payload payload::bytes(std::string_view data, std::string_view content_type) {
  // Without a type the bytes would be taken for JSON.
  return make(data, content_type.empty() ? "application/octet-stream" : content_type);
}

payload payload::make(std::string_view data, std::string_view content_type) {
  constexpr size_t size_max = std::numeric_limits<uint32_t>::max();
  if (data.size() > size_max || content_type.size() > size_max) throw std::length_error("a payload has at most 4 GiB");
  auto memory = static_cast<char*>(::operator new(sizeof(header) + content_type.size() + data.size()));
  payload made;
  made.block_ =
      new (memory) header{{1}, static_cast<uint32_t>(content_type.size()), static_cast<uint32_t>(data.size())};
  if (!content_type.empty()) std::memcpy(memory + sizeof(header), content_type.data(), content_type.size());
  if (!data.empty()) std::memcpy(memory + sizeof(header) + content_type.size(), data.data(), data.size());
  return made;
}

std::string_view payload::data() const {
  if (!block_) return {};
  return {reinterpret_cast<const char*>(block_ + 1) + block_->content_type_size, block_->data_size};
}

std::string_view payload::content_type() const {
  if (!block_) return {};
  if (block_->content_type_size == 0) return "application/json";
  return {reinterpret_cast<const char*>(block_ + 1), block_->content_type_size};
}

void payload::release() noexcept {
  if (!block_ || block_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block_->~header();
  ::operator delete(block_);
}

} // namespace wheelwork

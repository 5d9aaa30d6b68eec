// The bytes that a job carries to its target: one allocation, shared and never changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace wheelwork {

/// Bytes with a content type. JSON (no content type of its own) is the usual case. Empty is "no payload". Copies share
/// the bytes; a handle is one pointer, for a million of them wait in RAM.
class payload {
public:
  payload() = default;
  /// JSON text, byte for byte as it was sent.
  static payload json(std::string_view text);
  /// Other bytes with their content type (`payload_base64` and `content_type` of the API).
  static payload bytes(std::string_view data, std::string_view content_type);

  payload(const payload& other) noexcept : block_{other.block_} { retain(); }
  payload(payload&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
  payload& operator=(payload other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~payload() { release(); }

  bool empty() const { return block_ == nullptr; }
  bool is_json() const { return block_ != nullptr && block_->content_type_size == 0; }
  std::string_view data() const;
  /// `application/json` for JSON, empty for none.
  std::string_view content_type() const;

private:
  struct header {
    std::atomic<uint32_t> references;
    uint32_t content_type_size;
    uint32_t data_size;
  };
  static payload make(std::string_view data, std::string_view content_type);
  void retain() noexcept {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept;

  header* block_ = nullptr; ///< followed by the content type, then the data
};

} // namespace wheelwork

// An HTTPS server with a certificate that nobody vouches for: `openssl s_server` on a free port of 127.0.0.1.
#pragma once

#include <string>
#include <sys/types.h>

namespace wheelwork::target_test {

class openssl_server {
public:
  /// Makes a certificate for 127.0.0.1 and starts the server. Throws std::runtime_error.
  openssl_server();
  ~openssl_server();
  openssl_server(const openssl_server&) = delete;
  openssl_server& operator=(const openssl_server&) = delete;

  static bool is_installed();
  std::string url(const std::string& host = "127.0.0.1") const { return "https://" + host + ":" + port_ + "/"; }
  std::string certificate_file() const { return folder_ + "/certificate.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }

private:
  std::string folder_;
  std::string port_;
  pid_t server_ = -1;
  int output_ = -1;
};

} // namespace wheelwork::target_test

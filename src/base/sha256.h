// SHA-256 of a stream of bytes (OpenSSL's EVP interface, which uses the CPU's SHA instructions).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_md_ctx_st;

namespace understudy {

class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte> bytes);
  // 64 lower-case hex digits. The object is spent afterwards.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Of all of `text`.
std::string sha256_hex(std::string_view text);

Result<std::string> sha256_of_file(const std::string& path);

}  // namespace understudy

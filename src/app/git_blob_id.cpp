#include "app/git_blob_id.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/mapped_file.h"

namespace understudy {

Result<std::string> git_blob_id_of_file(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  const std::string header = fmt::format("blob {}", file->bytes().size());
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sha(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(sha.get(), EVP_sha1(), nullptr);
  EVP_DigestUpdate(sha.get(), header.c_str(), header.size() + 1);  // with its NUL
  EVP_DigestUpdate(sha.get(), file->bytes().data(), file->bytes().size());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_DigestFinal_ex(sha.get(), digest.data(), &size);
  std::string id;
  for (unsigned int i = 0; i < size; ++i) id += fmt::format("{:02x}", digest[i]);
  return id;
}

bool is_git_id(std::string_view id) {
  return id.size() == 40 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace understudy

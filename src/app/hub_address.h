// hf://ORG/REPO[@REVISION][/PATH]: a model on the Hugging Face Hub, or on a server that speaks its protocol.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

struct HubAddress {
  std::string repository;         // "org/repo"
  std::string revision = "main";  // branch, tag or commit; a '/' in it is written %2F
  std::string path;               // a file or folder of the repository; "" for all of it
};

Result<HubAddress> parse_hub_address(std::string_view address);

// The address of one commit, and of what `address` names there.
std::string pinned_address(const HubAddress& address, std::string_view commit);

}  // namespace understudy

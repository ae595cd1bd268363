// Credentials in the body of a request: where clients put them when they do not use the Authorization header.
#pragma once

#include <string>

namespace understudy {

// `request` without the members of its object that carry credentials (api_key, authorization, x-api-key, headers,
// extra_headers, ...; the list is in the .cpp). A text without them comes back as it is, byte for byte. A text that
// is no JSON object but names one of them comes back empty. What users write into prompts is not looked at.
std::string without_credentials(std::string request);

}  // namespace understudy

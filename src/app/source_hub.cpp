// hf://ORG/REPO[@REVISION][/PATH]: models on the Hugging Face Hub.
#include <fmt/format.h>

#include <map>

#include "app/http_download.h"
#include "app/hub.h"
#include "app/source.h"

namespace understudy {
namespace {

constexpr long kConnectSeconds = 15, kConnectSecondsWithFallback = 3;

class HubSource : public Source {
 public:
  HubSource(SourceRequest request, HubAddress address, Hub hub)
      : request_(std::move(request)), address_(std::move(address)), hub_(std::move(hub)) {}

  Result<Offer> offer() override {
    ASSIGN_OR_RETURN(const HubRepository repository, hub_.repository(address_));
    ASSIGN_OR_RETURN(const auto chosen,
                     choose_model(repository.files, address_.path,
                                  fmt::format("hf://{}{}", address_.repository, revision_suffix())));
    Offer offer{.files = {},
                .address = pinned_address(address_, repository.commit),
                .pinned = true,
                .licence = repository.licence};
    const bool is_folder = chosen.size() > 1;
    for (const ChosenFile& choice : chosen) {
      ASSIGN_OR_RETURN(SourceFile file, hub_.file(address_, repository.commit, choice.file.path));
      if (file.bytes == 0) file.bytes = choice.file.bytes;
      if (is_folder) file.path = choice.name;
      urls_[file.path] = hub_.file_url(address_, repository.commit, choice.file.path);
      offer.files.push_back(std::move(file));
    }
    return offer;
  }

  Status fetch(const SourceFile& file, PartialFile& partial) override {
    return http_download({.url = urls_.at(file.path),
                          .label = file.path.empty() ? "downloading" : file.path,
                          .digest_known = !file.sha256.empty(),
                          .bytes = file.bytes,
                          .bearer = hub_.token(),
                          .has_fallback = request_.has_fallback},
                         partial);
  }

 private:
  std::string revision_suffix() const {
    return address_.revision == HubAddress().revision ? "" : "@" + address_.revision;
  }

  SourceRequest request_;
  HubAddress address_;
  Hub hub_;
  std::map<std::string, std::string> urls_;  // by path in the model's folder
};

}  // namespace

Result<std::unique_ptr<Source>> open_hub_source(const SourceRequest& request) {
  ASSIGN_OR_RETURN(HubAddress address, parse_hub_address(request.address));
  ASSIGN_OR_RETURN(
      Hub hub, Hub::from_environment(request.has_fallback ? kConnectSecondsWithFallback : kConnectSeconds));
  return std::unique_ptr<Source>(std::make_unique<HubSource>(request, std::move(address), std::move(hub)));
}

}  // namespace understudy

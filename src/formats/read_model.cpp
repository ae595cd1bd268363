#include "formats/read_model.h"

#include "formats/gguf.h"
#include "formats/hf/model.h"
#include "formats/hf/tokenizer.h"

namespace understudy {

Result<ModelFile> read_model(const std::string& path) {
  const std::string folder = hf_folder(path);
  if (folder.empty()) return read_gguf(path);
  ASSIGN_OR_RETURN(HfCheckpoint checkpoint, read_hf_checkpoint(folder));
  ASSIGN_OR_RETURN(ModelFile file, model_from_hf(std::move(checkpoint)));
  RETURN_IF_ERROR(add_hf_tokenizer(folder, file));
  return file;
}

Result<std::string> model_architecture(const std::string& path) {
  const std::string folder = hf_folder(path);
  if (!folder.empty()) return hf_architecture(folder);
  ASSIGN_OR_RETURN(const ModelFile file, read_gguf(path));
  return file.architecture;
}

}  // namespace understudy

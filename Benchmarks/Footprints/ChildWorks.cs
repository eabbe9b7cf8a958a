using Cameo.Benchmarks.LanguageModels;
using Cameo.Benchmarks.LanguageModels.Spellings;
using Cameo.Benchmarks.Models;
using Cameo.Sessions;

namespace Cameo.Benchmarks.Footprints;

/// <summary>The work of child processes for each kind of model.</summary>
internal static class ChildWorks
{
    public static ChildWork[] Of(LlamaFiles files)
    {
        var spelling = new ContribSpelling();
        string onnx = files.Onnx(spelling);
        return
        [
            new ChildWork { Engine = "Cameo", Built = OnnxCompiler.Build(onnx, spelling.Dimensions), Shape = files.Shape.Name },
            new ChildWork { Engine = "ONNX Runtime", Path = onnx, Shape = files.Shape.Name },
            new ChildWork { Engine = "llama.cpp", Path = files.Gguf(), Shape = files.Shape.Name },
        ];
    }

    public static ChildWork[] Of(ModelWork work)
    {
        BuiltModel built = OnnxCompiler.Build(work.Path);
        using CompiledModel model = built.Load();
        string folder = BenchmarkFolder.Get(Path.Combine("inputs", work.Name), folder =>
        {
            foreach ((string name, Tensor tensor) in work.MakeInputs(model))
            {
                File.WriteAllBytes(FileOf(folder, name), tensor.Bytes.ToArray());
            }
        });
        ChildInput[] inputs = [.. work.MakeInputs(model).Select(input => new ChildInput(input.Key, (int)input.Value.ElementType, input.Value.Shape.ToArray(), FileOf(folder, input.Key)))];
        return [new ChildWork { Engine = "Cameo", Built = built, Inputs = inputs }, new ChildWork { Engine = "ONNX Runtime", Path = work.Path, Inputs = inputs }];
    }

    private static string FileOf(string folder, string input) => Path.Combine(folder, Uri.EscapeDataString(input));
}

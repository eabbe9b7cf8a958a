using System.Globalization;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx;

namespace Cameo.Generator.Passes;

/// <summary>The user's options for a model, as the graph text carries them.</summary>
internal sealed class ModelOptions
{
    private readonly IReadOnlyDictionary<string, string> _values;

    public ModelOptions(IReadOnlyDictionary<string, string> values)
    {
        _values = values;
    }

    public string? ClassName => Text("class");

    public string? Namespace => Text("namespace");

    /// <summary>"file" (default) or "embed".</summary>
    public string Weights => Text("weights") ?? "file";

    /// <summary>The value of <see cref="State"/> that switches states off.</summary>
    public const string NoState = "none";

    private const string FoundStates = "auto";

    /// <summary>"auto" (default): states are found by dataflow; "none": past and present stay inputs and outputs; else pairs "input=output; …" beside those that are found.</summary>
    public string State => Text("state") ?? FoundStates;

    /// <summary>The pairs that <see cref="State"/> declares, as they are written.</summary>
    public IReadOnlyList<string> DeclaredStates => State is FoundStates or NoState ? []
        : [.. State.Split([';', ','], StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Trim()).Where(pair => pair.Length > 0 && pair != FoundStates)];

    /// <summary><c>OnnxInputs</c>: inputs that are constants, as "use_cache_branch=true".</summary>
    public string? Inputs => Text("inputs");

    /// <summary>
    /// Applies <c>OnnxDimensions</c>, a list such as "batch_size=1; past_sequence_length&lt;=2048", to the model's symbols: sizes are pinned or bounded. Ranks of inputs are read with the model.
    /// </summary>
    public void ApplyDimensions(SymbolTable symbols, List<DiagnosticInfo> diagnostics)
    {
        foreach (string entry in (Text("dimensions") ?? "").Split([';', ','], StringSplitOptions.RemoveEmptyEntries).Select(part => part.Trim()).Where(part => part.Length > 0))
        {
            bool bound = entry.Contains("<=");
            string[] parts = bound ? entry.Split(["<="], 2, StringSplitOptions.None) : entry.Split(['='], 2);
            string name = parts[0].Trim();
            if (parts.Length != 2 || !long.TryParse(parts[1].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long size) || (bound && size == 0))
            {
                diagnostics.Add(new(DiagnosticIds.InvalidOption, DiagnosticLevel.Error, $"OnnxDimensions: '{entry}' is neither 'name=size' nor 'name<=size'."));
            }
            else if (!symbols.Contains(name) && !bound && name.EndsWith(InputRanks.Suffix, StringComparison.Ordinal))
            {
                // Was needed to read the model, and checked there.
            }
            else if (!symbols.Contains(name))
            {
                string known = string.Join(", ", symbols.Free);
                diagnostics.Add(new(DiagnosticIds.InvalidOption, DiagnosticLevel.Error, $"OnnxDimensions: the model has no dimension '{name}'; it has {(known.Length == 0 ? "none" : known)}."));
            }
            else if (bound)
            {
                symbols.Declare(name, new DimensionRange(symbols.Range(name).Minimum, size));
            }
            else
            {
                symbols.Define(name, size);
            }
        }
    }

    /// <summary>Refuses values that no part of the compiler carries out: an option must not be ignored.</summary>
    public void Check(List<DiagnosticInfo> diagnostics)
    {
        if (Weights is not ("file" or "embed"))
        {
            diagnostics.Add(new(DiagnosticIds.InvalidOption, DiagnosticLevel.Error, $"OnnxWeights: '{Weights}' is neither 'file' nor 'embed'."));
        }

        if (Text("quantize") is { } quantize and not "none")
        {
            diagnostics.Add(new(DiagnosticIds.InvalidOption, DiagnosticLevel.Error, $"OnnxQuantize: '{quantize}' is not supported yet; weights stay as the model has them."));
        }
    }

    private string? Text(string name) => _values.TryGetValue(name, out string? value) && value.Trim().Length > 0 ? value.Trim() : null;
}

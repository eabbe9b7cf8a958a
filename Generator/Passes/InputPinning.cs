using System.Globalization;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Passes;

/// <summary>
/// Makes constants of the inputs that <c>OnnxInputs</c> names; they leave the model's signature.
/// <para>Before: <c>input use_cache_branch: bool[1]; y = If(use_cache_branch) { … } else { … }</c> with the option <c>use_cache_branch=true</c>.
/// After: a constant in the input's place, with which the If is decided while types are propagated.</para>
/// </summary>
internal static class InputPinning
{
    public static void Run(Graph graph, string? option, List<DiagnosticInfo> diagnostics)
    {
        foreach (string entry in (option ?? "").Split([';', ','], StringSplitOptions.RemoveEmptyEntries).Select(part => part.Trim()).Where(part => part.Length > 0))
        {
            string[] parts = [.. entry.Split(['='], 2).Select(part => part.Trim())];
            Value? input = graph.Inputs.FirstOrDefault(candidate => candidate.Name == parts[0]);
            if (parts.Length != 2)
            {
                Refuse($"'{entry}' is not 'name=value'");
            }
            else if (input is null)
            {
                Refuse($"the model has no input '{parts[0]}'; it has {string.Join(", ", graph.Inputs.Select(candidate => candidate.Name))}");
            }
            else if (!input.Shape.IsStatic || input.Shape.ElementCount != Dimension.One)
            {
                Refuse($"'{input.Name}' is {input.Type}; only inputs of one element can be given");
            }
            else if (Parse(parts[1], input.ElementType) is not { } value)
            {
                Refuse($"'{parts[1]}' is no value of '{input.Name}', which is {input.Type}");
            }
            else
            {
                input.Constant = new InlineConstant(input.RequiredType, ((InlineConstant)Folding.ScalarConstant(value, input.ElementType)).Data);
                input.Elements = ConstantElements.TryRead(input.Constant);
                graph.Inputs.Remove(input);
            }
        }

        void Refuse(string reason) => diagnostics.Add(new(DiagnosticIds.InvalidOption, DiagnosticLevel.Error, $"OnnxInputs: {reason}."));
    }

    private static double? Parse(string text, ElementType type)
    {
        if (type == ElementType.Boolean)
        {
            return bool.TryParse(text, out bool truth) ? (truth ? 1 : 0) : null;
        }

        return type.IsInteger() && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer) ? integer
            : type.IsFloat() && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
            : null;
    }
}

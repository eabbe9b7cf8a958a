using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>Writes how a session takes its inputs: shapes are checked against the model and against each other, and symbols get their sizes.</summary>
internal static class BindingEmitter
{
    public static void Write(CodeWriter code, EmissionModel model)
    {
        code.Line("/// <inheritdoc/>");
        using (code.Block("protected override void BindInput(int index, void* data, ReadOnlySpan<long> shape)"))
        {
            using (code.Block("switch (index)"))
            {
                int number = 0;
                foreach (int index in model.RunInputs)
                {
                    Value input = model.Graph.Inputs[index];
                    int rank = input.Shape.Rank;
                    code.Line($"case {number}:");
                    using (code.Indent())
                    {
                        using (code.Block($"if (shape.Length != {rank})"))
                        {
                            code.Line($"ThrowWrongRank({CSharpText.Literal(input.Name)}, {rank}, shape.Length);");
                        }

                        code.Line();
                        string sizes = string.Concat(Enumerable.Range(0, rank).Select(axis => $", shape[{axis}]"));
                        code.Line($"{Method(model, index)}(data{sizes});");
                        code.Line("break;");
                    }

                    number++;
                }

                code.Line("default:");
                using (code.Indent())
                {
                    code.Line("throw new ArgumentOutOfRangeException(nameof(index));");
                }
            }
        }

        code.Line();
        var bound = new HashSet<string>(StringComparer.Ordinal);
        foreach (int index in model.RunInputs)
        {
            WriteBinding(code, model, index, bound);
        }

        bound.UnionWith(model.StateSymbols.Select(size => size.Symbol));
        if (model.Graph.Sequence?.PositionSymbol is { } position)
        {
            bound.Add(position);
        }

        string? free = model.Graph.Symbols.Free.FirstOrDefault(symbol => !bound.Contains(symbol) && !model.Graph.Symbols.IsSetByKernel(symbol) && !model.Graph.Symbols.Elements.ContainsKey(symbol) && IsNeeded(model, symbol));
        if (free is not null)
        {
            throw new ModelException(null, $"the size '{free}' follows from no input", unsupported: true);
        }
    }

    /// <summary>"BindPixels".</summary>
    public static string Method(EmissionModel model, int input) => "Bind" + Identifiers.Pascal(model.InputNames[input].TrimStart('@')) + (model.InputNames.Count(name => Identifiers.Pascal(name.TrimStart('@')) == Identifiers.Pascal(model.InputNames[input].TrimStart('@'))) > 1 ? input.ToString(System.Globalization.CultureInfo.InvariantCulture) : "");

    /// <summary>Sizes that follow from sizes of later inputs, or from what the session holds: they are kept and compared when a run begins.</summary>
    public static IReadOnlyList<(int Input, int Axis)> LateSizes(EmissionModel model)
    {
        var late = new List<(int Input, int Axis)>();
        var bound = new HashSet<string>(StringComparer.Ordinal);
        foreach (int index in model.RunInputs)
        {
            Shape shape = model.Graph.Inputs[index].Shape;
            for (int axis = 0; axis < shape.Rank; axis++)
            {
                if (Defines(model, shape[axis]) is { } symbol)
                {
                    bound.Add(symbol);
                }
                else if (!IsMaskWidth(model, index, axis) && !shape[axis].Symbols().All(bound.Contains))
                {
                    late.Add((index, axis));
                }
            }
        }

        return late;
    }

    /// <summary>The session's field of a size that is compared later.</summary>
    public static string SizeField(int input, int axis) => $"_size{input}Axis{axis}";

    /// <summary>Refuses a size that is not what the other inputs' sizes make it.</summary>
    public static void WriteMismatch(CodeWriter code, EmissionModel model, Value input, int axis, string actual)
    {
        Dimension size = input.Shape[axis];
        string declared = input.DeclaredType?.Shape[axis].ToString() ?? "";
        using (code.Block($"if ({actual} != {model.Size(size)})"))
        {
            code.Line($"ThrowDimensionMismatch({CSharpText.Literal(input.Name)}, {axis}, {CSharpText.Literal(size.IsStatic ? "" : declared)}, {model.Size(size)}, {actual});");
        }

        code.Line();
    }

    /// <summary>The symbol that a size of an input is; the length of the past is the session's to say.</summary>
    private static string? Defines(EmissionModel model, Dimension size) => size.AsSymbol() is { } symbol && symbol != model.Graph.Sequence?.PositionSymbol ? symbol : null;

    /// <summary>Whether a size is past plus new columns of the padding mask, which the plan of the run compares with what the rows hold.</summary>
    private static bool IsMaskWidth(EmissionModel model, int input, int axis) => axis == 1 && model.Graph.Inputs[input] == model.Graph.Sequence?.Mask;

    private static bool IsNeeded(EmissionModel model, string symbol) =>
        model.Lowered.Kernels.Any(kernel => kernel.Reads.Concat(kernel.Writes).Any(view => view.Shape.Any(size => size.Symbols().Contains(symbol))));

    private static void WriteBinding(CodeWriter code, EmissionModel model, int index, HashSet<string> bound)
    {
        Value input = model.Graph.Inputs[index];
        string parameters = string.Concat(Enumerable.Range(0, input.Shape.Rank).Select(axis => $", long size{axis}"));
        using (code.Block($"private void {Method(model, index)}(void* data{parameters})"))
        {
            for (int axis = 0; axis < input.Shape.Rank; axis++)
            {
                Dimension size = input.Shape[axis];
                bool isMaskWidth = IsMaskWidth(model, index, axis);
                if (isMaskWidth)
                {
                    code.Line($"_maskColumns = size{axis};");
                }

                if (Defines(model, size) is { } symbol && bound.Add(symbol))
                {
                    DimensionRange range = model.Graph.Symbols.Range(symbol);
                    string upper = range.IsBounded ? $" || size{axis} > {range.Maximum}" : "";
                    if (range.IsBounded || range.Minimum > 0)
                    {
                        using (code.Block($"if (size{axis} < {range.Minimum}{upper})"))
                        {
                            string hint = range.IsBounded ? $"OnnxDimensions \"{symbol}<=…\"" : "";
                            code.Line($"ThrowDimensionOutOfBounds({CSharpText.Literal(symbol)}, size{axis}, {range.Minimum}, {(range.IsBounded ? range.Maximum.ToString(System.Globalization.CultureInfo.InvariantCulture) : "long.MaxValue")}, {CSharpText.Literal(hint)});");
                        }

                        code.Line();
                    }

                    code.Line($"{model.SymbolField(symbol)} = size{axis};");
                }
                else if (isMaskWidth)
                {
                    // Compared with what the rows hold by the plan.
                }
                else if (size.Symbols().All(bound.Contains))
                {
                    WriteMismatch(code, model, input, axis, $"size{axis}");
                }
                else
                {
                    code.Line($"{SizeField(index, axis)} = size{axis}; // compared when all inputs are there");
                }
            }

            code.Line($"_input{index} = data;");
        }

        code.Line();
    }
}

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
        if (model.Graph.Sequence is { } sequence)
        {
            // The length of the past is the session's, not an input's.
            bound.Add(sequence.PositionSymbol);
        }

        foreach (int index in model.RunInputs)
        {
            WriteBinding(code, model, index, bound);
        }

        string? free = model.Graph.Symbols.Free.FirstOrDefault(symbol => !bound.Contains(symbol) && !model.Graph.Symbols.IsSetByKernel(symbol) && IsNeeded(model, symbol));
        if (free is not null)
        {
            throw new ModelException(null, $"the size '{free}' follows from no input", unsupported: true);
        }
    }

    /// <summary>"BindPixels".</summary>
    public static string Method(EmissionModel model, int input) => "Bind" + Identifiers.Pascal(model.InputNames[input].TrimStart('@')) + (model.InputNames.Count(name => Identifiers.Pascal(name.TrimStart('@')) == Identifiers.Pascal(model.InputNames[input].TrimStart('@'))) > 1 ? input.ToString(System.Globalization.CultureInfo.InvariantCulture) : "");

    /// <summary>Sizes that follow from sizes of later inputs: they are kept and compared when a run begins.</summary>
    public static IReadOnlyList<(int Input, int Axis)> LateSizes(EmissionModel model)
    {
        var late = new List<(int Input, int Axis)>();
        var bound = new HashSet<string>(StringComparer.Ordinal);
        foreach (int index in model.RunInputs)
        {
            Shape shape = model.Graph.Inputs[index].Shape;
            for (int axis = 0; axis < shape.Rank; axis++)
            {
                if (shape[axis].AsSymbol() is { } symbol)
                {
                    bound.Add(symbol);
                }
                else if (model.Graph.Sequence is not { } sequence || !shape[axis].Symbols().Contains(sequence.PositionSymbol))
                {
                    if (!shape[axis].Symbols().All(bound.Contains))
                    {
                        late.Add((index, axis));
                    }
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

    private static bool IsNeeded(EmissionModel model, string symbol) =>
        model.Lowered.Kernels.Any(kernel => kernel.Reads.Concat(kernel.Writes).Any(view => view.Shape.Any(size => size.Symbols().Contains(symbol))));

    private static void WriteBinding(CodeWriter code, EmissionModel model, int index, HashSet<string> bound)
    {
        Value input = model.Graph.Inputs[index];
        SequencePlan? sequence = model.Graph.Sequence;
        string parameters = string.Concat(Enumerable.Range(0, input.Shape.Rank).Select(axis => $", long size{axis}"));
        using (code.Block($"private void {Method(model, index)}(void* data{parameters})"))
        {
            for (int axis = 0; axis < input.Shape.Rank; axis++)
            {
                Dimension size = input.Shape[axis];
                if (size.AsSymbol() is { } symbol && bound.Add(symbol))
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
                else if (sequence is not null && size.Symbols().Contains(sequence.PositionSymbol))
                {
                    // Past plus new columns: the sequence compares with what its rows hold.
                    if (input == sequence.Mask)
                    {
                        code.Line($"_maskColumns = size{axis};");
                    }
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

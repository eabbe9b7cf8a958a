using System.Text;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Einsum: https://onnx.ai/onnx/operators/onnx__Einsum.html. Operands are contracted from the left, two at a time, each pair as one product of matrices: common letters that stay are its batch,
/// those that go its depth. An ellipsis stands for leading axes that broadcast. Where a letter stands twice in one operand, its diagonal is taken first.
/// </summary>
internal sealed class EinsumOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new EinsumOperator()];

    public override string Type => "Einsum";

    public override IReadOnlyList<int> Versions => [12];

    public override void Infer(Node node, InferenceContext context)
    {
        (string[] operands, string result) = Read(node);
        var sizes = new Dictionary<char, Dimension>();
        for (int index = 0; index < operands.Length; index++)
        {
            ElementTypeSet.Numeric.Require(node, index);
            ElementTypeSet.RequireEqual(node, 0, index);
            for (int axis = 0; axis < operands[index].Length; axis++)
            {
                Dimension size = node.Input(index).Shape[axis];
                char letter = operands[index][axis];
                if (operands[index].IndexOf(letter) is var first && first < axis)
                {
                    SpatialText.RequireEqual(node, context, node.Input(index).Shape[first], size, $"the sizes of '{letter}' in one operand");
                }

                sizes[letter] = !sizes.TryGetValue(letter, out Dimension? known) || known.Value == 1 ? size
                    : (known - size).Value is { } difference && difference != 0 && size.Value != 1
                        ? throw ModelException.Contradiction(node, $"'{letter}' is {known} in one operand and {size} in another")
                        : known;
            }
        }

        foreach (char letter in result)
        {
            if (!sizes.ContainsKey(letter))
            {
                throw new ModelException(node, $"the result's '{letter}' stands in no operand");
            }
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([.. result.Select(letter => sizes[letter])])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        (string[] operands, string result) = Read(node);
        (Value value, string letters) = Diagonal(node.Input(0), operands[0], context);
        for (int index = 1; index < operands.Length; index++)
        {
            string later = string.Concat(operands.Skip(index + 1)) + result;
            (Value operand, string operandLetters) = Diagonal(node.Input(index), operands[index], context);
            (value, letters) = Contract(value, letters, operand, operandLetters, later, context);
        }

        (value, letters) = SumOut(value, letters, result, context);
        context.Replace(node.Output, Permute(value, letters, result, context));
        return true;
    }

    /// <summary>
    /// The operand with every letter once: of two axes of n elements that have the same letter, every (n + 1)th element. Of an open n elements that is the first column of n rows of
    /// n + 1, with n more elements behind the others.
    /// </summary>
    private static (Value Value, string Letters) Diagonal(Value value, string letters, ExpansionContext context)
    {
        while (letters.FirstOrDefault(letter => letters.IndexOf(letter) != letters.LastIndexOf(letter)) is var twice && twice != default)
        {
            int first = letters.IndexOf(twice), second = letters.IndexOf(twice, first + 1), rest = letters.Length - 2;
            int[] others = [.. Enumerable.Range(0, letters.Length).Where(axis => axis != first && axis != second)];
            Value ordered = first == rest && second == rest + 1 ? value : new Formula(context).Transpose(value, [.. others, first, second]);
            Dimension size = value.Shape[first];
            Dimension[] outer = [.. others.Select(axis => value.Shape[axis])];
            Value flat = context.Reshape(ordered, [.. outer, size * size]);
            if (size.Value is { } known)
            {
                value = known == 0
                    ? context.Reshape(flat, [.. outer, size])
                    : context.Add("Slice", flat, context.Integers(0), context.Integers(known * known), context.Integers(rest), context.Integers(known + 1));
            }
            else
            {
                Dimension[] none = [.. outer.Select(_ => Dimension.Zero), Dimension.Zero];
                Value padded = context.Add("Pad", flat, context.Sizes([.. none, .. none.Take(rest), size]));
                Value rows = context.Reshape(padded, [.. outer, size, size + 1]);
                value = context.Reshape(context.Add("Slice", rows, context.Integers(0), context.Integers(1), context.Integers(rest + 1)), [.. outer, size]);
            }

            letters = string.Concat(others.Select(axis => letters[axis])) + twice;
        }

        return (value, letters);
    }

    private static (Value Value, string Letters) Contract(Value left, string leftLetters, Value right, string rightLetters, string later, ExpansionContext context)
    {
        (left, leftLetters) = SumOut(left, leftLetters, rightLetters + later, context);
        (right, rightLetters) = SumOut(right, rightLetters, leftLetters + later, context);
        string batch = Keep(leftLetters, letter => Has(rightLetters, letter) && Has(later, letter));
        string depth = Keep(leftLetters, letter => Has(rightLetters, letter) && !Has(later, letter));
        string rows = Keep(leftLetters, letter => !Has(rightLetters, letter));
        string columns = Keep(rightLetters, letter => !Has(leftLetters, letter));
        var sizes = new Dictionary<char, Dimension>();
        Collect(sizes, leftLetters, left.Shape);
        Collect(sizes, rightLetters, right.Shape);
        Dimension Product(string letters) => letters.Aggregate(Dimension.One, (product, letter) => product * sizes[letter]);
        Value Matrices(Value value, string letters, string first, string second)
        {
            Value ordered = Permute(value, letters, batch + first + second, context);

            // An axis that broadcasts keeps its size of 1 in the batch and gets its full one in the matrix.
            string inner = first + second;
            Dimension[] full = [.. batch.Select((_, axis) => ordered.Shape[axis]), .. inner.Select(letter => sizes[letter])];
            Value expanded = new Shape(full).Equals(ordered.Shape) ? ordered : context.Add("Expand", ordered, context.Sizes(full));
            return context.Reshape(expanded, [.. full.Take(batch.Length), Product(first), Product(second)]);
        }

        Value product = context.Add("MatMul", Matrices(left, leftLetters, rows, depth), Matrices(right, rightLetters, depth, columns));
        string all = batch + rows + columns;
        return (context.Reshape(product, [.. all.Select(letter => sizes[letter])]), all);
    }

    private static void Collect(Dictionary<char, Dimension> sizes, string letters, Shape shape)
    {
        for (int axis = 0; axis < letters.Length; axis++)
        {
            sizes[letters[axis]] = sizes.TryGetValue(letters[axis], out Dimension? known) && known.Value != 1 ? known : shape[axis];
        }
    }

    /// <summary>Adds up what stands in no other operand and not in the result.</summary>
    private static (Value Value, string Letters) SumOut(Value value, string letters, string needed, ExpansionContext context)
    {
        int[] axes = [.. Enumerable.Range(0, letters.Length).Where(axis => !Has(needed, letters[axis]))];
        return (new Formula(context).Sum(value, axes, keepsAxes: false), Keep(letters, letter => Has(needed, letter)));
    }

    private static Value Permute(Value value, string from, string to, ExpansionContext context) =>
        from == to ? value : new Formula(context).Transpose(value, [.. to.Select(letter => from.IndexOf(letter))]);

    private static bool Has(string letters, char letter) => letters.IndexOf(letter) >= 0;

    private static string Keep(string letters, Func<char, bool> keeps) => new([.. letters.Where(keeps)]);

    /// <summary>The letters of every operand and of the result; axes of an ellipsis get control characters, counted from the last.</summary>
    private static (string[] Operands, string Result) Read(Node node)
    {
        string equation = node.StringAttribute("equation", "").Replace(" ", "");
        string[] sides = equation.Split(["->"], StringSplitOptions.None);
        string[] operands = sides[0].Split(',');
        if (equation.Length == 0 || sides.Length > 2 || operands.Length != node.Inputs.Count)
        {
            throw new ModelException(node, $"the equation '{equation}' does not fit {node.Inputs.Count} inputs");
        }

        int widest = 0;
        for (int index = 0; index < operands.Length; index++)
        {
            int axes = node.Input(index).Shape.Rank - operands[index].Replace("...", "").Length;
            bool hasEllipsis = operands[index].Contains("...");
            if (axes < 0 || (axes > 0 && !hasEllipsis) || axes > 20)
            {
                throw new ModelException(node, $"'{operands[index]}' does not fit {node.Input(index).Type}");
            }

            widest = Math.Max(widest, axes);
            operands[index] = operands[index].Replace("...", Ellipsis(axes));
        }

        string result = sides.Length == 2 ? sides[1].Replace("...", Ellipsis(widest)) : Implicit(operands, widest);
        foreach (string letters in operands.Append(result))
        {
            if (letters.Any(letter => letter > 31 && !char.IsLetter(letter)))
            {
                throw new ModelException(node, $"the equation '{equation}' has other characters than letters");
            }

        }

        if (result.Distinct().Count() != result.Length)
        {
            throw new ModelException(node, $"in '{equation}' a letter stands twice in the result");
        }

        return (operands, result);
    }

    private static string Ellipsis(int axes) => new([.. Enumerable.Range(0, axes).Select(axis => (char)(axes - axis))]);

    /// <summary>Without a result the letters that stand once are it, in alphabetical order.</summary>
    private static string Implicit(string[] operands, int ellipsis)
    {
        string all = string.Concat(operands);
        var result = new StringBuilder(Ellipsis(ellipsis));
        foreach (char letter in all.Where(letter => letter > 31 && all.IndexOf(letter) == all.LastIndexOf(letter)).OrderBy(letter => letter))
        {
            result.Append(letter);
        }

        return result.ToString();
    }
}

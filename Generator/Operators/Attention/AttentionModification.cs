using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>What an attention's kernel does to each score before the softmax (<see cref="AttentionNode.Modification"/>), or to each probability behind it (<see cref="AttentionNode.ProbabilityModification"/>).</summary>
/// <param name="Expression">What takes the element's place, in float32: input 0 is the scaled product or the probability, the next four are the indices of row, head, query and key, and those behind
/// them the node's inputs from <see cref="AttentionNode.InputCount"/> on, broadcast to [batch, heads, queries, keys].</param>
internal sealed record AttentionModification(Expression Expression)
{
    /// <summary>Inputs of the expression before those of the node.</summary>
    public const int FirstTensor = 5;

    /// <summary>Whether it depends on the element alone, and leaves 0 as it is.</summary>
    public bool IsIndependent => !ReadInputs().Any(static input => input > 0) && KeepsZero([]);

    /// <summary>The inputs of the expression that it reads.</summary>
    public ISet<int> ReadInputs()
    {
        var inputs = new HashSet<int>();
        var seen = new HashSet<Expression>();
        Visit(Expression);
        return inputs;

        void Visit(Expression expression)
        {
            if (!seen.Add(expression))
            {
                return;
            }

            if (expression is InputExpression input)
            {
                inputs.Add(input.Input);
            }

            foreach (Expression operand in expression.Operands)
            {
                Visit(operand);
            }
        }
    }

    /// <summary>Whether an element that is 0 stays 0, as far as that can be told without the data.</summary>
    /// <param name="bounds">How large the elements of the node's tensors are at most; infinity, or none, where that is not known.</param>
    public bool KeepsZero(IReadOnlyList<double> bounds) => new ModificationOfZero(bounds).Evaluate(Expression).Number == 0;

    public override string ToString() => "element => …";
}

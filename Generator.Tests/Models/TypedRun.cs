using System.Numerics.Tensors;
using System.Reflection;
using Cameo.Sessions;

namespace Cameo.Tests.Models;

/// <summary>The typed Run of a session with one float input and one float output, whatever its kinds of span.</summary>
internal sealed class TypedRun
{
    private readonly VectorToVector? _vectorToVector;
    private readonly TensorToVector? _tensorToVector;
    private readonly TensorToTensor? _tensorToTensor;

    public TypedRun(CompiledSession session)
    {
        MethodInfo method = session.GetType().GetMethods().Single(method => method.Name == "Run" && method.DeclaringType == session.GetType());
        bool takesTensor = method.GetParameters().Single().ParameterType == typeof(ReadOnlyTensorSpan<float>);
        if (method.ReturnType == typeof(ReadOnlyTensorSpan<float>))
        {
            _tensorToTensor = method.CreateDelegate<TensorToTensor>(session);
        }
        else if (takesTensor)
        {
            _tensorToVector = method.CreateDelegate<TensorToVector>(session);
        }
        else
        {
            _vectorToVector = method.CreateDelegate<VectorToVector>(session);
        }
    }

    private delegate ReadOnlySpan<float> VectorToVector(ReadOnlySpan<float> input);

    private delegate ReadOnlySpan<float> TensorToVector(ReadOnlyTensorSpan<float> input);

    private delegate ReadOnlyTensorSpan<float> TensorToTensor(ReadOnlyTensorSpan<float> input);

    /// <summary>Runs and copies the beginning of the output.</summary>
    public void Run(float[] input, nint[] sizes, Span<float> output)
    {
        if (_vectorToVector is not null)
        {
            _vectorToVector(input)[..output.Length].CopyTo(output);
        }
        else if (_tensorToVector is not null)
        {
            _tensorToVector(new ReadOnlyTensorSpan<float>(input, sizes))[..output.Length].CopyTo(output);
        }
        else
        {
            _tensorToTensor!(new ReadOnlyTensorSpan<float>(input, sizes)).FlattenTo(output);
        }
    }
}

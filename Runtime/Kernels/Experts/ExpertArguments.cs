namespace Cameo.Kernels;

/// <summary>Operands of <see cref="MixtureOfExperts.Run"/>. A route is a token and one of its experts; routes lie in the order of experts, those of one expert in the order of tokens.</summary>
public unsafe struct ExpertArguments
{
    /// <summary>Tokens [tokens, hidden].</summary>
    public required float* Input;

    /// <summary>The router's numbers [tokens, experts].</summary>
    public required float* Router;

    /// <summary>What experts weigh [tokens, experts], for the routings that take it from outside; else null.</summary>
    public float* RouterWeights;

    /// <summary>Receives the sums [tokens, hidden].</summary>
    public required float* Output;

    /// <summary>Biases of the first product [experts, columns], or null.</summary>
    public float* FirstBias;

    /// <summary>Biases of the second product [experts, hidden], or null.</summary>
    public float* SecondBias;

    /// <summary>Biases of the third product [experts, inner], or null.</summary>
    public float* ThirdBias;

    /// <summary>Scratch memory: tokens in the order of routes [routes, hidden].</summary>
    public required float* Gathered;

    /// <summary>Scratch memory: results of the first product [routes, columns].</summary>
    public required float* Inner;

    /// <summary>Scratch memory: results of the third product [routes, inner], where there is one.</summary>
    public float* Gate;

    /// <summary>Scratch memory: results of the second product [routes, hidden].</summary>
    public required float* Results;

    /// <summary>Scratch memory: weights of a token's experts [tokens, chosen].</summary>
    public required float* Weights;

    /// <summary>Scratch memory: 2 · routes + experts + 1 numbers.</summary>
    public required int* Indices;

    /// <summary>Tokens.</summary>
    public required nint Tokens;

    /// <summary>Elements of a token.</summary>
    public required nint Hidden;

    /// <summary>Elements between an expert's products.</summary>
    public required nint InnerSize;

    /// <summary>Experts.</summary>
    public required int Experts;

    /// <summary>Experts of a token.</summary>
    public required int Chosen;

    /// <summary>How routes get their weights.</summary>
    public required ExpertRouting Routing;

    /// <summary>Routes that weigh at most this are left out.</summary>
    public float Threshold;

    /// <summary>What is done between the products.</summary>
    public required ExpertActivation Activation;

    /// <summary>Factor in the sigmoid of <see cref="ExpertActivation.SwiGlu"/>.</summary>
    public float Alpha;

    /// <summary>What <see cref="ExpertActivation.SwiGlu"/> adds to the second product.</summary>
    public float Beta;

    /// <summary>What <see cref="ExpertActivation.SwiGlu"/> cuts both products to; infinite for none.</summary>
    public float Limit;
}
